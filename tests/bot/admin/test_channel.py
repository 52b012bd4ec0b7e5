import pytest

from telpher.service.people import Access
from telpher.telegram.chats import ChatInfo
from tests.bot.admin.crowd import ROOT
from tests.bot.stage import stage


async def page(home):
    return (await home.press_data(b"channel", ROOT)).text


@pytest.fixture
async def gated(tmp_path):
    async with stage(tmp_path, access=Access(admins={1}), force_sub="news") as home:
        yield home


async def test_without_a_channel_everybody_gets_links(home):
    assert "Everybody gets links" in await page(home)


async def test_a_channel_that_cannot_be_seen(gated):
    assert "cannot see news" in await page(gated)


async def test_a_channel_as_it_is_now(gated):
    gated.chats.add(ChatInfo(-1001, "<News> *today*", "news", 12, "https://t.me/news", True))
    text = await page(gated)
    for part in ("<News> *today* (@news)", "-1001", "Members: 12", "https://t.me/news", ": yes"):
        assert part in text
    gated.chats.chats["news"] = ChatInfo(-1001, "News", "", None, "", False)
    shown = await gated.press(await gated.press_data(b"channel", ROOT), "Refresh", ROOT)
    for part in ("(private)", "Members: -", "may not make one", "no, so nobody gets links"):
        assert part in shown.text
