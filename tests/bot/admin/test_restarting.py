import pytest

from telpher.errors import RequestRejectedError, TelegramUnavailableError
from telpher.service.people import Access
from tests.bot.admin.crowd import OTHER, ROOT, data_of
from tests.bot.stage import stage


async def asked(home, person=ROOT):
    return await home.press_data(b"restart", person)


async def test_it_asks_first_and_tells_how_many_streams_run(home):
    question = await asked(home)
    assert "(3)" in question.text
    assert home.restarts == []
    assert "Panel" in (await home.press(question, "Panel", ROOT)).text
    now = await home.press(question, "Yes", ROOT)
    assert (now.text, now.buttons) == ("Restarting …", [])
    assert home.restarts == [True]


async def test_a_button_of_another_run_does_nothing(home, tmp_path):
    async with stage(tmp_path / "before", access=Access(admins={1})) as before:
        old = (await asked(before)).button("Yes").data
    await home.press_data(old, ROOT)
    assert "restarted since" in home.note
    assert home.restarts == []


async def test_telpher_says_that_it_is_back_once(home):
    await home.press(await asked(home, OTHER), "Ja, neu", OTHER)
    home.clock.advance(5)
    await home.bot.announcement.run()
    assert home.gateway.edited[-1].text == "telpher ist wieder da, nach 00:05."
    edits = len(home.gateway.edited)
    await home.bot.announcement.run()
    assert len(home.gateway.edited) == edits


async def test_it_says_so_later_when_telegram_is_away_and_never_where_it_is_refused(home):
    await home.press(await asked(home), "Yes", ROOT)
    home.gateway.failures = [TelegramUnavailableError("away")]
    with pytest.raises(TelegramUnavailableError):
        await home.bot.announcement.run()
    home.gateway.failures = [RequestRejectedError("MESSAGE_ID_INVALID")]
    await home.bot.announcement.run()
    assert await home.database.values.get("restart") is None


@pytest.mark.parametrize("kept", [b"", b"{}", b"[1]", b'["a", "b", 3, null]', b"\xff"])
async def test_a_note_that_is_none_stops_nothing(home, kept):
    await home.database.values.put("restart", kept, 1.0)
    await home.bot.announcement.run()
    assert await home.database.values.get("restart") is None


async def test_it_restarts_even_when_nobody_can_be_told(home):
    question = await asked(home)
    home.gateway.failures = [None, RequestRejectedError("MESSAGE_ID_INVALID")]
    await home.press(question, "Yes", ROOT)
    await home.away()
    await home.press(question, "Yes", ROOT)
    assert home.restarts == [True, True]
    assert len(data_of(question)) == 2
