import asyncio

import pytest

from telpher.core.model import MessageRef, Person
from telpher.errors import GoneError
from tests.bot.admin.crowd import OTHER, ROOT, data_of
from tests.bot.stage import ADA, FILM, URL


def checked(home, sent):
    (link,) = sent.marked("code")
    _, chat, message, _ = link.removeprefix(URL + "/").split("/")
    return home.links.check(MessageRef(int(chat), int(message)), link.partition("?k=")[2])


def dead(home, sent):
    try:
        return not checked(home, sent)
    except GoneError:
        return True


async def ada_with_a_link(home):
    sent = await home.say(file=FILM, person=Person(7, "Ada", username="ada"))
    await home.notes.flush()
    return sent


@pytest.mark.parametrize("named", ["7", "@ada", "ADA"])
async def test_a_ban_holds_at_once_for_bot_and_links_and_so_does_its_end(home, named):
    sent = await ada_with_a_link(home)
    assert "is banned" in (await home.say(f"/ban {named}", ROOT)).text
    assert dead(home, sent)
    assert "has banned you" in (await home.say("/start")).text
    assert "is not banned" in (await home.say(f"/unban {named}", ROOT)).text
    assert not dead(home, sent)
    assert "Hello" in (await home.say("/start")).text


async def test_the_buttons_do_the_same_and_the_page_follows(home):
    sent = await ada_with_a_link(home)
    card = await home.say("/user 7", ROOT)
    banned = await home.press(card, "Ban", ROOT)
    assert "State: banned" in banned.text
    assert "Banned" in home.note
    assert dead(home, sent)
    assert ("unban:7" in data_of(banned), "ban:7" in data_of(banned)) == (True, False)
    pardoned = await home.press(banned, "Unban", ROOT)
    assert "State: reachable" in pardoned.text
    assert not dead(home, sent)


async def test_a_ban_of_somebody_who_was_never_here_waits_for_them(home):
    assert "never met" in (await home.say("/ban 7", ROOT)).text
    assert "has banned you" in (await home.say("/start", ADA)).text


async def test_what_was_said_first_is_done_first_however_long_the_looking_up_takes(home):
    sent = await ada_with_a_link(home)
    await asyncio.gather(home.say("/ban @ada", ROOT), home.say("/unban 7", ROOT))
    assert not dead(home, sent)
    await asyncio.gather(home.say("/unban @ada", ROOT), home.say("/ban 7", ROOT))
    assert dead(home, sent)


async def test_who_is_unknown_cannot_be_banned_by_name(home):
    assert "I know nobody" in (await home.say("/ban @nobody", ROOT)).text
    assert "/ban ID" in (await home.say("/ban", ROOT)).text
    assert "/ban ID" in (await home.say("/unban", ROOT)).text
    await home.press_data(b"ban:7", ROOT)
    assert "nobody" in home.note


async def test_admins_cannot_be_banned(home):
    await home.say("/start", OTHER)
    await home.notes.flush()
    assert "cannot be banned" in (await home.say(f"/ban {OTHER.user_id}", ROOT)).text
    await home.press_data(f"ban:{OTHER.user_id}".encode(), ROOT)
    assert "cannot be banned" in home.note
    card = await home.say(f"/user {OTHER.user_id}", ROOT)
    assert "Role: admin" in card.text
    assert f"ban:{OTHER.user_id}" not in data_of(card)
    assert not (await home.database.users.get(OTHER.user_id)).banned
