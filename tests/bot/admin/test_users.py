import re

import pytest

from telpher.bot.admin.users import ON_A_PAGE
from telpher.core.model import MessageRef, Person
from telpher.core.tally import BytesServed, PlayBegun
from tests.bot.admin.crowd import NAMES, ROOT, data_of, meet
from tests.bot.stage import FILM


async def test_users_are_listed_newest_first_page_by_page(home):
    people = await meet(home, 2 * ON_A_PAGE + 3)
    page = await home.press_data(b"users", ROOT)
    ids = []
    while True:
        ids += [int(each.partition(":")[2]) for each in data_of(page) if each.startswith("user:")]
        if not any("Older" in each.text for each in page.buttons):
            break
        page = await home.press(page, "Older", ROOT)
        assert any("Newest" in each.text for each in page.buttons)
    # The admin's own presses are noted, but not in the database yet.
    assert ids == [each.user_id for each in reversed(people)]


@pytest.mark.parametrize("language", ["en", "de"])
async def test_pages_full_of_the_longest_names_are_taken_by_telegram(home, language):
    for number in range(ON_A_PAGE + 1):
        person = Person((1 << 50) + number, "😀" * 64, "😀" * 64, "u" * 32)
        await home.say(file=FILM, person=person)
        await home.notes.flush()
        await home.database.users.set_banned(person.user_id, True, home.clock.now())
    admin = Person(ROOT.user_id, ROOT.first_name, language_code=language)
    home.clock.advance(10.123456)
    for data in (
        *("admin", "users", "statistics", "banners", "log_level", "restart"),
        *(f"{press}:{1 << 50}" for press in ("user", "ban", "unban", "links_of")),
        *(f"page:{page}" for page in ("start", "help", "commands", "about", "info")),
    ):
        shown = await home.press_data(data.encode(), admin)
        assert shown, (data, home.note)
        assert shown.message.picture or not data.startswith("page")


async def test_a_list_of_nobody(home):
    assert "Users" in (await home.press_data(b"users", ROOT)).text


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_somebody_is_called_the_panel_shows_them(home, name):
    await home.say("/start", Person(7, name, name, username="ada"))
    await home.notes.flush()
    for page in (await home.press_data(b"users", ROOT), await home.say("/user 7", ROOT)):
        assert "@ada" in page.text
        assert "\u202e" not in page.text
        assert all(button.text for button in page.buttons)
    if "*" in name:
        assert "*Mark* _down_ [x]" in page.text
        assert page.marked("b")[0].startswith("*Mark*"), "Markdown means nothing here"


@pytest.mark.parametrize(
    "named", ["7", " 7", "@ada", "ada", "ADA", "t.me/ada", "https://t.me/Ada", "HTTPS://T.ME/ada"]
)
async def test_somebody_is_found_by_id_name_or_address(home, named):
    await home.say("/start", Person(7, "Ada", username="Ada"))
    await home.notes.flush()
    assert "Ada" in (await home.say(f"/user {named}", ROOT)).marked("b")
    await home.press_data(b"find_user", ROOT)
    assert "Ada" in (await home.say(named, ROOT)).marked("b")


@pytest.mark.parametrize("named", ["8", "@bob", "@", "-100", "²", "9" * 30, "a b", "'; DROP", "😀"])
async def test_who_is_unknown_is_said_to_be_and_the_conversation_goes_on(home, named):
    await meet(home, 1, first=7)
    assert "I know nobody" in (await home.say(f"/user {named}", ROOT)).text
    await home.press_data(b"find_user", ROOT)
    assert "I know nobody" in (await home.say(named, ROOT)).text
    assert "Person 0" in (await home.say("7", ROOT)).text
    assert "Send or forward" in (await home.say("7", ROOT)).text, "over with the first found"


async def test_user_without_a_name_tells_how_it_is_used_and_cancel_ends_the_question(home):
    assert "/user ID" in (await home.say("/user", ROOT)).text
    await home.press_data(b"find_user", ROOT)
    assert "Stopped" in (await home.say("/cancel", ROOT)).text
    assert "Send or forward" in (await home.say("7", ROOT)).text


async def test_going_back_takes_the_question_away(home):
    question = await home.press_data(b"find_user", ROOT)
    await home.press(question, "Users", ROOT)
    assert "Send or forward" in (await home.say("7", ROOT)).text


async def test_a_user_s_page_tells_everything(home):
    person = Person(7, "Ada", "Lovelace", "ada", "de", is_premium=True)
    await home.say(file=FILM, person=person)
    await home.notes.flush()
    (link,) = await home.database.links.of_owner(7, 9)
    at = home.clock.now()
    home.notes.note(PlayBegun(link.link_id, 1, MessageRef(7, 1), "film.mp4", 1536, at))
    home.notes.note(BytesServed(link.link_id, 1, 1536, at))
    await home.notes.flush()
    text = (await home.say("/user 7", ROOT)).text
    for part in (
        "Ada Lovelace",
        "@ada, 7",
        "Role: user",
        "State: reachable",
        "Language: de",
        "Premium: yes",
        "Streams: 1, 1.50 KB",
        "Files: 1",
        "Batches: 0",
        "Engagement: 2.0 (",
    ):
        assert part in text
    assert len(re.findall(r"(?:Joined|First seen|Last seen): \d{4}-\d\d-\d\d \d\d:\d\d", text)) == 3


async def test_refresh_shows_what_is_new_and_works_when_nothing_is(home):
    await meet(home, 1, first=7)
    card = await home.say("/user 7", ROOT)
    same = await home.press(card, "Refresh", ROOT)
    assert same.text == card.text
    await home.say(file=FILM, person=Person(7, "Renamed"))
    await home.notes.flush()
    home.clock.advance(60)
    fresh = await home.press(same, "Refresh", ROOT)
    assert ("Renamed" in fresh.text, "Files: 1" in fresh.text) == (True, True)
    assert fresh.ref == card.ref
