"""The link to the dashboard."""

from __future__ import annotations

from telpher.core.model import MessageRef
from telpher.service.people import Access
from tests.bot.admin.crowd import OTHER, ROOT
from tests.bot.stage import GROUP, stage


def urls(sent):
    return [button.url for row in sent.message.keyboard for button in row if button.url]


async def test_an_admin_is_given_a_link_of_their_own_in_text_and_button(home):
    panel = await home.say("/admin", ROOT)
    shown = await home.press(panel, "Dashboard", ROOT)
    link = f"https://files.example.org/dashboard/sign-in?link=of-{ROOT.user_id}"
    assert urls(shown) == [link]
    assert link in shown.text
    assert "10 minutes" in shown.text
    assert "New link" in str(shown.message.keyboard)


async def test_in_german_too(home):
    shown = await home.press_data(b"dashboard", OTHER)
    assert f"link=of-{OTHER.user_id}" in shown.text
    assert "gilt einmal" in shown.text


async def test_a_local_address_stands_in_the_text_alone(tmp_path):
    access = Access(frozenset({ROOT.user_id}))
    async with stage(tmp_path, url="http://localhost:8080", access=access) as home:
        shown = await home.press_data(b"dashboard", ROOT)
    assert urls(shown) == []
    assert f"http://localhost:8080/dashboard/sign-in?link=of-{ROOT.user_id}" in shown.text


async def test_in_a_group_it_is_not_shown(home):
    ref = MessageRef(GROUP.chat_id, 5)
    assert await home.press_data(b"dashboard", ROOT, ref) is None
    assert home.note
    assert home.gateway.sent == []
