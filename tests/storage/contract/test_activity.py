"""How many different people and files there were in an hour, a day, a week, a month."""

from __future__ import annotations

from telpher.core.model import MessageRef
from telpher.core.records import Activity
from telpher.core.spans import Span
from telpher.core.tally import BatchMade, LinkMade, PersonSeen, PlayBegun
from tests.storage.contract.makers import ANN, BOB, DAY, EVE, happen, link, person, user

HOUR = 3600
# Wednesday 2023-11-15; its week began on the 13th, its month on the 1st.
TODAY = 1_700_006_400
MONDAY, MONTH = TODAY - 2 * DAY, TODAY - 14 * DAY


def play(document: int, at: float) -> PlayBegun:
    return PlayBegun(9, document, MessageRef(ANN, 1), "film", 1000, at)


async def activity(database, span: Span) -> dict[int, Activity]:
    return await database.ledger.activity(span, 0, TODAY + 99 * DAY)


async def test_there_was_nobody_at_first(database):
    for span in Span:
        assert await activity(database, span) == {}


async def test_each_counts_once_in_each_span(database):
    visits = [(ANN, 0), (ANN, 5), (BOB, HOUR), (ANN, HOUR + 1), (ANN, DAY), (ANN, 5 * DAY)]
    for number, (user_id, after) in enumerate(visits, 1):
        seen, played = PersonSeen(person(user_id), TODAY + after), play(user_id, TODAY + after)
        for _ in range(2):
            await happen(database, seen, seen, played, number=number)
    one, two = Activity(1, 1), Activity(2, 2)
    assert await activity(database, Span.HOUR) == {
        TODAY: one,
        TODAY + HOUR: two,
        TODAY + DAY: one,
        TODAY + 5 * DAY: one,
    }
    assert await activity(database, Span.DAY) == {
        TODAY: two,
        TODAY + DAY: one,
        TODAY + 5 * DAY: one,
    }
    assert await activity(database, Span.WEEK) == {MONDAY: two, MONDAY + 7 * DAY: one}
    assert await activity(database, Span.MONTH) == {MONTH: two}


async def test_people_and_files_are_told_apart(database):
    await happen(database, PersonSeen(person(ANN), TODAY), PersonSeen(person(BOB), TODAY))
    await happen(database, play(ANN, TODAY), number=2)
    assert await activity(database, Span.DAY) == {TODAY: Activity(2, 1)}


async def test_only_sightings_and_plays_are_visits(database):
    await happen(database, BatchMade(ANN, TODAY), LinkMade(link(1, BOB, TODAY)))
    await database.users.merge([user(EVE, at=TODAY)])
    assert await activity(database, Span.DAY) == {}
    await happen(database, PersonSeen(person(EVE), TODAY + 1), number=2)
    assert await activity(database, Span.DAY) == {TODAY: Activity(1, 0)}


async def test_what_comes_late_counts_for_no_span_gone_by(database):
    for number, at in enumerate((TODAY, TODAY - DAY, TODAY - 60 * DAY), 1):
        await happen(database, PersonSeen(person(ANN), at), play(5, at), number=number)
    assert await activity(database, Span.DAY) == {TODAY: Activity(1, 1)}
    assert await activity(database, Span.MONTH) == {MONTH: Activity(1, 1)}


async def test_a_tally_counts_where_it_saw_them_last(database):
    both = [PersonSeen(person(ANN), TODAY - 1), PersonSeen(person(ANN), TODAY)]
    await happen(database, *both, play(5, TODAY), play(5, TODAY - 1))
    assert await activity(database, Span.DAY) == {TODAY: Activity(1, 1)}


async def test_several_writers_count_one_visitor_once(place):
    async with place.open() as here, place.open() as there:
        for number, each in enumerate((here, there, here), 1):
            seen = PersonSeen(person(ANN), TODAY + number)
            await happen(each, seen, play(5, TODAY + number), writer=f"w{number}")
        assert await activity(there, Span.HOUR) == {TODAY: Activity(1, 1)}


async def test_spans_are_listed_from_until_and_forgotten(database):
    for number, after in enumerate((0, 1, 3)):
        await happen(database, PersonSeen(person(ANN), TODAY + after * DAY), number=number + 1)
    listed = database.ledger.activity
    assert [*await listed(Span.DAY, TODAY, TODAY + 3 * DAY)] == [TODAY, TODAY + DAY]
    assert [*await listed(Span.DAY, TODAY + 1, TODAY + 9 * DAY)] == [TODAY + DAY, TODAY + 3 * DAY]
    await database.ledger.sweep(TODAY + DAY)
    assert [*await activity(database, Span.DAY)] == [TODAY + DAY, TODAY + 3 * DAY]
    assert [*await activity(database, Span.HOUR)] == [TODAY + DAY, TODAY + 3 * DAY]
    assert await activity(database, Span.MONTH) == {}
