from tests.bot.admin.crowd import ROOT


async def test_the_level_is_set_at_once_and_kept(home):
    page = await home.press_data(b"log_level", ROOT)
    assert "Logged is INFO and above. LOG_LEVEL says INFO." in page.text
    assert [each.text for each in page.buttons if "✅" in each.text] == ["✅ INFO"]
    page = await home.press(page, "DEBUG", ROOT)
    assert "Logged is DEBUG" in page.text
    assert home.log_levels == ["DEBUG"]
    assert (await home.database.values.get("log level")).data == b"DEBUG"
    page = await home.press(page, "As LOG_LEVEL says", ROOT)
    assert home.log_levels == ["DEBUG", "INFO"]
    assert await home.database.values.get("log level") is None


async def test_no_other_level_is_taken(home):
    for level in ("TRACE", "debug", "10", "DEBUG:x"):
        assert await home.press_data(f"log_set:{level}".encode(), ROOT) is None
    assert home.log_levels == []


async def test_with_the_database_away_it_holds_here_and_that_is_said(home):
    await home.away()
    assert "DEBUG" in (await home.press_data(b"log_set:DEBUG", ROOT)).text
    assert "not kept" in home.note
    assert home.log_levels == ["DEBUG"]
