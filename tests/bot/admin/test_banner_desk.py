import pytest

from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.errors import RequestRejectedError
from telpher.service.banners import LARGEST, PAGES
from tests.bot.admin.crowd import OTHER, ROOT
from tests.bot.stage import ADA, FILM

JPEG = b"\xff\xd8\xff\xe0 a photo"
PHOTO = FileInfo(9, len(JPEG), "image/jpeg", "", Kind.PHOTO, date=0)


async def send_photo(home, person=ROOT, data=JPEG, file=PHOTO):
    home.number += 1
    ref = MessageRef(person.user_id, home.number)
    home.gateway.pictures[ref] = data
    return await home.say(person=person, ref=ref, file=file)


async def ask(home, page, person=ROOT):
    listed = await home.press_data(b"banners", person)
    card = await home.press_data(f"banner:{page}".encode(), person, listed.ref)
    return await home.press(card, "Replace", person)


@pytest.mark.parametrize("page", PAGES)
async def test_a_photo_replaces_a_page_s_banner_until_it_is_set_back(home, page):
    before = (await home.press_data(f"page:{page}".encode())).message.picture
    assert before.startswith(b"\x89PNG")
    assert "Twice as wide" in (await ask(home, page)).text
    taken = await send_photo(home)
    assert "shown from now on" in taken.text
    assert home.gateway.sent[-2].message.picture == JPEG, "shown before it is kept"
    assert (await home.press_data(f"page:{page}".encode())).message.picture == JPEG
    listed = await home.press(taken, "Banners", ROOT)
    assert listed.text.count("its own") == 1
    card = await home.press_data(f"banner:{page}".encode(), ROOT)
    await home.press(card, "Show", ROOT)
    assert home.gateway.sent[-1].message.picture == JPEG
    reset = await home.press(card, "Back to the default", ROOT)
    assert "the default" in reset.text
    assert not [button for button in reset.buttons if "default" in button.text]
    assert (await home.press_data(f"page:{page}".encode())).message.picture == before


async def test_pages_without_one_of_their_own_have_that_of_the_start_page(home):
    await ask(home, "start")
    await send_photo(home)
    for page in ("start", "help", "commands", "about", "info"):
        assert (await home.press_data(f"page:{page}".encode())).message.picture == JPEG


async def test_a_banner_is_in_the_database_and_nowhere_else(home):
    await ask(home, "start")
    await send_photo(home)
    assert (await home.database.values.get("banner start")).data == JPEG


async def test_the_banner_of_help_is_that_of_the_list_of_commands_too(home):
    await ask(home, "help")
    await send_photo(home)
    assert (await home.press_data(b"page:commands")).message.picture == JPEG
    assert (await home.press_data(b"page:start")).message.picture != JPEG


@pytest.mark.parametrize(
    ("data", "file"),
    [
        (JPEG, FILM),
        (b"GIF89a", PHOTO),
        (JPEG + bytes(LARGEST), PHOTO),
        (JPEG, FileInfo(9, LARGEST + 1, "image/jpeg", "", Kind.PHOTO, date=0)),
    ],
)
async def test_what_is_no_banner_is_refused_and_another_may_follow(home, data, file):
    await ask(home, "start")
    if file is FILM:
        assert "That is no photo" in (await home.say(person=ROOT, file=FILM)).text
    else:
        assert "That is no photo" in (await send_photo(home, data=data, file=file)).text
    assert "That is no photo" in (await home.say("here it is", ROOT)).text
    assert "shown from now on" in (await send_photo(home)).text


async def test_a_picture_that_telegram_refuses_is_not_kept(home):
    await ask(home, "start")
    home.gateway.failures = [None, RequestRejectedError("PHOTO_INVALID_DIMENSIONS")]
    assert "PHOTO_INVALID_DIMENSIONS" in (await send_photo(home)).text
    assert await home.database.values.get("banner start") is None
    assert "shown from now on" in (await send_photo(home)).text


async def test_two_admins_replace_two_banners_at_once(home):
    await ask(home, "start", ROOT)
    listed = await home.press_data(b"banner:about", OTHER)
    await home.press(listed, "Ersetzen", OTHER)
    await send_photo(home, OTHER, JPEG + b" of about")
    await send_photo(home, ROOT, JPEG + b" of start")
    assert (await home.press_data(b"page:about")).message.picture == JPEG + b" of about"
    assert (await home.press_data(b"page:start")).message.picture == JPEG + b" of start"


async def test_a_photo_of_anybody_else_gets_a_link(home):
    await ask(home, "start")
    assert (await send_photo(home, ADA)).marked("code")


async def test_the_menu_has_its_last_known_banner_while_the_database_is_away(home):
    await ask(home, "start")
    await send_photo(home)
    await home.away()
    home.clock.advance(1000)
    assert (await home.say("/start")).message.picture == JPEG


async def test_going_back_takes_the_question_away(home):
    question = await ask(home, "start")
    await home.press(question, "Back", ROOT)
    assert (await send_photo(home)).marked("code"), "a file like any other"
