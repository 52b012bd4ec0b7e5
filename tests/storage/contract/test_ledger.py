"""Counters: each tally once, whatever its order, and what the sums say."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from telpher.core.model import MessageRef
from telpher.core.records import FileRecord, Totals
from telpher.core.tally import (
    AnswerBegan,
    BatchMade,
    BytesServed,
    ErrorShown,
    HourSum,
    LinkMade,
    PersonSeen,
    PlayBegun,
    Tally,
    tally,
)
from tests.storage.contract.makers import ANN, BOB, DAY, EVE, NOW, happen, link, made, person, seen

HOUR = 3600
# The first second of a day.
TODAY = 1_700_006_400


def play(link_id: int = 1, document: int = 5, at: float = NOW, number: int = 1) -> PlayBegun:
    return PlayBegun(link_id, document, MessageRef(ANN, number), f"film {document}", 1000, at)


async def test_nothing_happened_at_first(database):
    ledger = database.ledger
    assert await ledger.totals() == Totals()
    assert await ledger.popular(5) == []
    assert await ledger.used(ANN, TODAY) == 0
    assert await ledger.hours(0, NOW) == {}


async def test_a_sighting_makes_a_user(database):
    assert await happen(database, PersonSeen(person(), NOW), PersonSeen(person(BOB), NOW)) == [
        ANN,
        BOB,
    ]
    known = await database.users.get(ANN)
    assert known.person == person()
    assert (known.join_date, known.first_seen, known.last_seen) == (NOW, NOW, NOW)
    assert (known.role, known.banned, known.blocked_bot) == ("user", False, False)
    assert await happen(database, PersonSeen(person(), NOW + 1), number=2) == []


async def test_sightings_in_any_order_come_to_the_same(database):
    sightings = {1: (NOW + 5, "Anna"), 2: (NOW + 9, "Annie"), 3: (NOW + 1, "Ann")}
    new = [
        await happen(database, PersonSeen(person(ANN, name), at), number=number)
        for number, (at, name) in sightings.items()
    ]
    assert new == [[ANN], [], []]
    known = await database.users.get(ANN)
    assert known.person == person(ANN, "Annie")
    assert (known.join_date, known.first_seen, known.last_seen) == (NOW + 1, NOW + 1, NOW + 9)


async def test_several_sightings_in_one_tally(database):
    first, last = PersonSeen(person(ANN, "Ann"), NOW), PersonSeen(person(ANN, "Anna"), NOW + 7)
    assert await happen(database, last, first) == [ANN]
    known = await database.users.get(ANN)
    assert (known.person.first_name, known.join_date, known.last_seen) == ("Anna", NOW, NOW + 7)


async def test_a_user_who_was_only_counted_is_nameless_until_seen(database):
    assert await happen(database, BatchMade(ANN, NOW), LinkMade(link(1, BOB))) == []
    known = await database.users.get(ANN)
    assert (known.person.first_name, known.total_batch_requests) == ("", 1)
    assert (known.join_date, known.first_seen, known.last_seen) == (0, 0, 0)
    assert await happen(database, PersonSeen(person(), NOW + 1), number=2) == [ANN]
    known = await database.users.get(ANN)
    assert (known.person, known.join_date) == (person(), NOW + 1)
    assert known.total_batch_requests == 1
    assert (await database.users.get(BOB)).total_files == 1


async def test_counts_reach_link_owner_file_and_hour(database):
    await seen(database, person())
    await happen(
        database,
        LinkMade(link(1)),
        BatchMade(ANN, NOW),
        play(1, 5),
        BytesServed(1, 5, 700, NOW),
        ErrorShown("gone", NOW),
    )
    known = await database.users.get(ANN)
    assert known.total_files == known.total_streams == known.total_batch_requests == 1
    assert known.bytes_served == 700
    assert await database.links.get(1) == replace(link(1), plays=1, bytes_served=700, last_play=NOW)
    assert await database.ledger.totals() == Totals(1, 1, 1, 700, 1, 1)
    assert await database.ledger.popular(5) == [
        FileRecord(5, MessageRef(ANN, 1), "film 5", 1000, 1, 700, NOW, NOW)
    ]
    hour = int(NOW) // HOUR * HOUR
    happened = HourSum(1, 700, 1, 1, 1, shown={"gone": 1})
    assert await database.ledger.hours(0, NOW + 1) == {hour: happened}


async def test_counts_for_an_unknown_link_are_dropped_but_not_the_files_and_hours(database):
    await happen(database, play(9, 5, TODAY), BytesServed(9, 5, 700, TODAY))
    assert await database.links.get(9) is None
    assert await database.users.page(9) == []
    assert await database.ledger.totals() == Totals(streams=1, unique_files=1, bytes_served=700)
    await made(database, link(9))
    assert (await database.links.get(9)).plays == 0
    assert await database.ledger.used(ANN, TODAY) == 0


async def test_a_link_that_is_told_again_after_a_crash_is_no_second_file(database):
    await happen(database, LinkMade(link(1)), LinkMade(link(2)))
    again = [LinkMade(link(2)), LinkMade(link(3)), PersonSeen(person(), NOW)]
    for _ in range(2):
        await database.ledger.apply("another writer", 1, tally(again))
    await happen(database, LinkMade(link(3)), number=2)
    assert (await database.users.get(ANN)).total_files == 3
    assert (await database.ledger.totals()).files == 3
    hours = await database.ledger.hours(0, NOW + 1)
    assert [each.files for each in hours.values()] == [3]


async def test_each_tally_counts_once_and_a_repeat_answers_the_same(database):
    first = [PersonSeen(person(), NOW), LinkMade(link(1)), play(1), BytesServed(1, 5, 7, TODAY)]
    second = [play(1, at=NOW + 1)]
    for _ in range(3):
        assert await happen(database, *first, number=1) == [ANN]
    for _ in range(3):
        assert await happen(database, *second, number=2) == []
    assert await happen(database, *first, number=1) == []
    assert await database.ledger.totals() == Totals(2, 1, 1, 7)
    assert (await database.links.get(1)).plays == 2
    assert (await database.users.get(ANN)).total_streams == 2
    assert await database.ledger.used(ANN, TODAY) == 7


async def test_numbers_need_not_be_without_gaps(database):
    await happen(database, LinkMade(link(1)), play(1), number=10)
    await happen(database, play(1), number=1 << 40)
    await happen(database, play(1), number=11)
    assert (await database.ledger.totals()).streams == 2


async def test_writers_count_for_themselves(database):
    for writer in ("a", "b", "A", ""):
        await happen(database, play(), writer=writer)
        await happen(database, play(), writer=writer)
    assert (await database.ledger.totals()).streams == 4


async def test_an_empty_tally_counts_too(database):
    assert await database.ledger.apply("w", 1, Tally()) == []
    await happen(database, play(), number=1)
    assert await database.ledger.totals() == Totals()


async def test_a_tally_that_two_bring_at_once_counts_once(place):
    events = [PersonSeen(person(), NOW), LinkMade(link(1)), play(1)]
    async with place.open() as here, place.open() as there:
        answers = await asyncio.gather(*(happen(each, *events) for each in (here, there) * 5))
        assert answers == [[ANN]] * 10
        assert await here.ledger.totals() == Totals(1, 1, 1)
        assert (await there.users.get(ANN)).total_streams == 1


async def test_two_that_write_at_once_lose_nothing(place):
    async with place.open() as here, place.open() as there:
        await happen(here, LinkMade(link(1)))
        rows = [(each, n) for n in range(1, 11) for each in (here, there)]
        await asyncio.gather(
            *(
                happen(each, play(1), BytesServed(1, 5, 3, TODAY), writer=f"{n} {id(each)}")
                for each, n in rows
            )
        )
        assert await there.ledger.totals() == Totals(20, 1, 1, 60)
        assert (await here.links.get(1)).plays == 20
        assert await here.ledger.used(ANN, TODAY) == 60


async def test_days_are_counted_by_owner_and_utc_day(database):
    await made(database, link(1), link(2), link(3, BOB))
    ends = TODAY + DAY
    served = [(1, TODAY), (2, ends - 1), (3, TODAY), (1, ends), (1, TODAY - 1)]
    await happen(database, *(BytesServed(n, 5, 10**i, at) for i, (n, at) in enumerate(served)))
    used = database.ledger.used
    assert [await used(ANN, day) for day in (TODAY - DAY, TODAY, ends)] == [10_000, 11, 1000]
    assert await used(BOB, TODAY) == 100
    assert await used(EVE, TODAY) == 0


async def test_the_most_played_come_first_and_the_rest_not_at_all(database):
    plays = {5: 2, 3: 4, 8: 2, 1: 1, 2: 2}
    await happen(
        database,
        *(play(9, document) for document, count in plays.items() for _ in range(count)),
        BytesServed(9, 77, 100, NOW),
    )
    popular = database.ledger.popular
    assert [each.document_id for each in await popular(9)] == [3, 8, 5, 2, 1]
    assert [each.document_id for each in await popular(2)] == [3, 8]
    assert await popular(0) == []
    assert (await database.ledger.totals()).unique_files == 5


async def test_a_file_is_shown_as_it_was_played_last(database):
    await happen(database, BytesServed(9, 5, 1, NOW))
    await happen(database, play(9, 5, number=1), number=2)
    moved = replace(play(9, 5, number=2), name="renamed", size=2000)
    await happen(database, moved, number=3)
    await happen(database, BytesServed(9, 5, 10, NOW), number=4)
    assert await database.ledger.popular(1) == [
        FileRecord(5, MessageRef(ANN, 2), "renamed", 2000, 2, 11, NOW, NOW)
    ]


async def test_hours_are_listed_from_until(database):
    hours = [TODAY + n * HOUR for n in (0, 1, 3)]
    await happen(database, *(ErrorShown("gone", hour + 30) for hour in reversed(hours)))
    one = HourSum(errors=1, shown={"gone": 1})
    found = await database.ledger.hours(TODAY, TODAY + DAY)
    assert list(found.items()) == [(hour, one) for hour in hours]
    assert list(await database.ledger.hours(TODAY + 1, TODAY + DAY)) == hours[1:]
    assert list(await database.ledger.hours(TODAY, hours[2])) == hours[:2]


async def test_old_hours_and_days_are_forgotten_but_not_the_totals(database):
    await made(database, link(1, created=TODAY - DAY))
    times = [TODAY - DAY, TODAY - HOUR, TODAY, TODAY + HOUR]
    await happen(
        database, *(play(at=at) for at in times), *(BytesServed(1, 5, 1, t) for t in times)
    )
    before = await database.ledger.totals()
    await database.ledger.sweep(TODAY)
    assert list(await database.ledger.hours(0, NOW + DAY)) == [TODAY, TODAY + HOUR]
    assert await database.ledger.used(ANN, TODAY - DAY) == 0
    assert await database.ledger.used(ANN, TODAY) == 2
    assert await database.ledger.totals() == before
    assert (await database.links.get(1)).plays == 4


@pytest.mark.parametrize("count", [1000])
async def test_a_large_tally_counts_as_a_small_one(database, count):
    people = [PersonSeen(person(each), NOW + each) for each in range(1, count + 1)]
    links = [LinkMade(link(each, owner=each)) for each in range(1, count + 1)]
    new = await database.ledger.apply("w", 1, tally([*people, *links]))
    assert sorted(new) == list(range(1, count + 1))
    assert (await database.users.counts(NOW)).total == count
    assert (await database.ledger.totals()).files == count


async def test_errors_are_told_apart_by_their_key(database):
    await happen(database, *(ErrorShown(key, TODAY) for key in ("gone", "busy", "gone", "no key")))
    await happen(database, ErrorShown("busy", TODAY), ErrorShown("busy", TODAY + HOUR), number=2)
    assert await database.ledger.hours(0, TODAY + DAY) == {
        TODAY: HourSum(errors=5, shown={"gone": 2, "busy": 2, "other": 1}),
        TODAY + HOUR: HourSum(errors=1, shown={"busy": 1}),
    }
    assert (await database.ledger.totals()).errors == 6
    await database.ledger.sweep(TODAY + HOUR)
    assert [*await database.ledger.hours(0, TODAY + DAY)] == [TODAY + HOUR]


async def test_the_time_to_the_first_byte_adds_up(database):
    for number, seconds in enumerate((0.25, 0.0004, 12.5), 1):
        for _ in range(2):
            await happen(database, AnswerBegan(seconds, TODAY), number=number)
    assert await database.ledger.hours(0, NOW + DAY) == {TODAY: HourSum(answers=3, waited=12_750)}
    assert await database.ledger.totals() == Totals(answers=3, waited=12_750)
