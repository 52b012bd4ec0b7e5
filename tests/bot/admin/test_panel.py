import pytest

from telpher.core.model import MessageRef
from telpher.errors import RequestRejectedError
from tests.bot.admin.crowd import OTHER, ROOT, data_of, meet
from tests.bot.stage import ADA, GROUP

COMMANDS = ("/admin", "/stats", "/user 1", "/ban 7", "/unban 7")
PRESSES = (
    *("admin", "admin_close", "statistics", "users", "user:7", "find_user", "ban:7", "unban:7"),
    *("links_of:7", "link_of:1", "ask_end_of:1", "end_of:1", "banners", "banner:start"),
    *("banner_see:start", "banner_new:start", "banner_reset:start", "channel", "log_level"),
    *("log_set:DEBUG", "restart", "restart_now:x", "broadcast", "dashboard"),
)


async def test_the_panel_leads_to_everything_and_back(home):
    panel = await home.say("/admin", ROOT)
    assert {"dashboard", "statistics", "users", "find_user", "broadcast"} <= set(data_of(panel))
    pages = ("dashboard", "statistics", "users", "find_user", "banners", "channel", "log_level")
    for name in (*pages, "restart"):
        page = await home.press_data(name.encode(), ROOT, panel.ref)
        assert page.ref == panel.ref, "in place"
        if name == "find_user":
            page = await home.press(page, "Users", ROOT)
        again = await home.press(page, "Panel", ROOT)
        assert (again.text, data_of(again)) == (panel.text, data_of(panel))


async def test_close_deletes_it_or_says_so_where_it_is_too_old(home):
    panel = await home.say("/admin", ROOT)
    assert await home.press(panel, "Close", ROOT) is None
    assert home.gateway.deleted == [panel.ref]
    home.gateway.failures = [None, RequestRejectedError("MESSAGE_DELETE_FORBIDDEN")]
    assert "closed" in (await home.press(panel, "Close", ROOT)).text


@pytest.mark.parametrize("command", COMMANDS)
async def test_commands_of_admins_are_refused_to_others_and_unknown_in_groups(home, command):
    assert "for the admins" in (await home.say(command)).text
    sent = len(home.gateway.sent)
    for person in (ADA, ROOT):
        await home.say(command, person, ref=MessageRef(GROUP.chat_id, 9))
    assert len(home.gateway.sent) == sent


def test_every_press_of_the_panel_is_tried_here(home):
    mine = {name.partition(":")[0] for name in PRESSES}
    for name, press in home.bot.router.table.presses.items():
        assert (name in mine) == (press.who == "admins" and name not in {"bsend", "bdrop", "bstop"})


@pytest.mark.parametrize("data", PRESSES)
async def test_any_press_by_somebody_else_is_refused(home, data):
    await meet(home, 1, first=7)
    home.gateway.sent.clear()
    assert await home.press_data(data.encode()) is None
    assert "for the admins" in home.note
    assert (home.gateway.sent, home.gateway.deleted) == ([], [])
    assert (home.log_levels, home.restarts) == ([], [])
    assert not (await home.database.users.get(7)).banned


@pytest.mark.parametrize("data", PRESSES)
async def test_whoever_lost_the_role_is_refused_in_the_midst_of_it(home, admins, data):
    await home.say("/admin", ROOT)
    admins.remove(ROOT.user_id)
    home.gateway.sent.clear()
    assert await home.press_data(data.encode(), ROOT) is None
    assert "for the admins" in home.note
    assert home.gateway.sent == []


@pytest.mark.parametrize("data", PRESSES)
@pytest.mark.parametrize("argument", ["", "x", "-1", "9" * 40, ";", "7;x", "7;nan,1", "\u00b2"])
async def test_forged_data_of_an_admin_does_no_harm(home, data, argument):
    name = data.partition(":")[0]
    await home.press_data(f"{name}:{argument}".encode()[:64], ROOT)
    assert home.restarts == []
    assert home.gateway.pressed, "the spinner ends"
    assert await home.database.users.get(7) is None
    assert home.log_levels == []


async def test_a_conversation_ends_with_the_role(home, admins):
    await home.press_data(b"banner_new:start", ROOT)
    admins.remove(ROOT.user_id)
    assert "Send or forward me a file" in (await home.say("hello", ROOT)).text


async def test_two_admins_at_once_do_not_disturb_each_other(home):
    await meet(home, 1, first=7)
    await home.press_data(b"find_user", ROOT)
    await home.press_data(b"banner_new:start", OTHER)
    assert "Das ist kein Foto" in (await home.say("7", OTHER)).text
    assert "Person 0" in (await home.say("7", ROOT)).text
    one, two = await home.say("/user 7", ROOT), await home.say("/user 7", OTHER)
    await home.press(one, "Ban", ROOT)
    shown = await home.press(two, "Sperren", OTHER)
    assert "gesperrt" in shown.text, "pressed twice it stays"
    assert (await home.database.users.get(7)).banned


async def test_with_the_database_away_that_is_said(home):
    await home.away()
    for command in ("/stats", "/user 7", "/user @ada", "/ban 7", "/unban 7", "/ban @ada"):
        assert "database does not answer" in (await home.say(command, ROOT)).text
    for data in (b"statistics", b"users", b"user:7", b"ban:7", b"find_user", b"banners"):
        await home.press_data(data, ROOT)
        assert "database does not answer" in home.note
    assert "Panel" in (await home.say("/admin", ROOT)).text
