import pytest

from telpher.core.model import MessageRef
from telpher.service.people import Access
from telpher.telegram.chats import ChatInfo, Membership
from tests.bot.stage import ADA, BOB, FILM, URL, stage

CLUB = ChatInfo(-1009, "Club & Co", username="club", invite="https://t.me/club", sees_members=True)


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path, force_sub="club", access=Access(admins={1}), log_channel=-5) as each:
        each.chats.add(CLUB)
        yield each


async def test_who_is_no_member_is_invited_and_gets_the_link_after_joining(home):
    home.chats.put(MessageRef(7, 33), FILM)
    invitation = await home.say(file=FILM, ref=MessageRef(7, 33))
    assert "Club & Co" in invitation.text
    assert "/stream/" not in invitation.text
    assert invitation.button("Join").url == "https://t.me/club"
    assert await home.press(invitation, "I have joined") is None
    assert "not a member yet" in home.note
    home.chats.members[CLUB.chat_id, 7] = Membership.MEMBER
    welcome = await home.press(invitation, "I have joined")
    assert "Welcome" in welcome.text
    assert f"{URL}/stream/7/33/" in home.gateway.sent[-1].text


async def test_members_are_asked_about_once_in_a_while(home):
    home.chats.members[CLUB.chat_id, 7] = Membership.MEMBER
    for _ in range(3):
        assert "/stream/" in (await home.say(file=FILM)).text
    assert home.chats.calls["membership"] == 1
    home.clock.advance(301)
    del home.chats.members[CLUB.chat_id, 7]
    assert "Join" in (await home.say(file=FILM)).text


async def test_where_it_cannot_be_verified_nobody_gets_links_and_the_admins_are_told(home):
    home.chats.members[CLUB.chat_id, 7] = Membership.UNKNOWN
    for _ in range(2):
        assert "cannot check" in (await home.say(file=FILM)).text
    (report,) = home.reports()
    assert "#ERROR" in report
    assert "FORCE_SUB_CHANNEL" in report


async def test_a_channel_out_of_sight_lets_nobody_in(tmp_path):
    async with stage(tmp_path, force_sub=-77) as home:
        assert "cannot check" in (await home.say(file=FILM)).text


async def test_admins_are_let_in(home):
    admin = ADA.__class__(1, "Admin")
    assert "/stream/" in (await home.say(file=FILM, person=admin)).text


async def test_menu_and_help_are_for_everybody(home):
    assert "Hello" in (await home.say("/start")).text


@pytest.mark.parametrize("argument", ["", "x", "99999999999,7", "-1,7", "5,7", "5,8", "5"])
async def test_a_forged_press_opens_nothing_of_others(home, argument):
    home.chats.members[CLUB.chat_id, 7] = Membership.MEMBER
    home.chats.put(MessageRef(8, 5), FILM)
    await home.press_data(f"joined:{argument}".encode())
    assert home.gateway.sent == []


async def test_who_is_not_allowed_cannot_forge_their_way_in(tmp_path):
    async with stage(tmp_path, access=Access(allowed={1})) as home:
        home.chats.put(MessageRef(7, 5), FILM)
        assert await home.press_data(b"joined:5,7") is None
        assert home.gateway.sent == []
        assert "for somebody else" in home.note


async def test_nobody_presses_for_another(home):
    home.chats.members[CLUB.chat_id, 8] = Membership.MEMBER
    invitation = await home.say(file=FILM, ref=MessageRef(7, 33))
    assert await home.press(invitation, "I have joined", BOB) is None
    assert "for somebody else" in home.note
