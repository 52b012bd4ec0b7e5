import pytest

from telpher.bot.admin.user_links import ON_A_PAGE
from tests.bot.admin.crowd import ROOT, data_of
from tests.bot.admin.test_bans import dead
from tests.bot.stage import ADA, BOB, FILM


async def make(home, count, person=ADA):
    made = []
    for _ in range(count):
        home.clock.advance(1)
        made.append(await home.say(file=FILM, person=person))
    await home.notes.flush()
    return made


async def test_somebody_s_links_are_listed_page_by_page(home):
    await make(home, ON_A_PAGE + 2)
    await make(home, 1, BOB)
    card = await home.say("/user 7", ROOT)
    first = await home.press(card, "Links", ROOT)
    second = await home.press(first, "Older", ROOT)
    seen = [each for page in (first, second) for each in data_of(page) if "link_of:" in each]
    assert len(set(seen)) == ON_A_PAGE + 2
    again = await home.press(second, "Newest", ROOT)
    assert data_of(again) == data_of(first)
    assert "Ada" in (await home.press(again, "User", ROOT)).text


async def test_a_link_is_seen_and_ended_after_a_question(home):
    (sent,) = await make(home, 1)
    listed = await home.press_data(b"links_of:7", ROOT)
    card = await home.press(listed, "film.mp4", ROOT)
    for part in ("film.mp4", "Owner: 7", "1.50 KB", "Valid until: it is revoked", "Plays: 0"):
        assert part in card.text
    question = await home.press(card, "Revoke", ROOT)
    assert not dead(home, sent)
    kept = await home.press(question, "Keep", ROOT)
    assert kept.text == card.text
    question = await home.press(kept, "Revoke", ROOT)
    ended = await home.press(question, "end it", ROOT)
    assert "has ended" in ended.text
    assert dead(home, sent)
    assert "has no links" in (await home.press(ended, "Links", ROOT)).text
    for data in (card.button("Revoke").data, listed.button("film").data):
        assert await home.press_data(data, ROOT) is None
        assert "no such link" in home.note


async def test_with_the_database_away_it_ends_all_the_same(home):
    (sent,) = await make(home, 1)
    (link,) = await home.database.links.of_owner(7, 1)
    await home.away()
    await home.press_data(f"end_of:{link.link_id}".encode(), ROOT)
    assert "has ended" in home.note
    assert dead(home, sent)


@pytest.mark.parametrize("data", ["link_of:5", "ask_end_of:5", "end_of:5", "end_of:x"])
async def test_a_link_that_is_none(home, data):
    assert await home.press_data(data.encode(), ROOT) is None
    assert "no such link" in home.note
