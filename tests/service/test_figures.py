import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import MessageRef, Person
from telpher.core.records import Activity, FileCounts, Totals
from telpher.core.spans import Span
from telpher.core.tally import (
    DAY,
    HOUR,
    AnswerBegan,
    BytesServed,
    HourSum,
    PersonSeen,
    PlayBegun,
    tally,
)
from telpher.errors import StorageError
from telpher.service.figures import FRESH, FigureDesk, average_wait, figures
from telpher.storage.sqlite import SqliteDatabase

NOW = 500 * DAY + HOUR / 2
REF = MessageRef(7, 1)

# Seconds; nothing waits for it to pass unless something is broken.
PATIENCE = 60.0


def played(at):
    return [PlayBegun(1, 9, REF, "film.mp4", 100, at), BytesServed(1, 9, 50, at)]


async def test_the_last_day_is_told_apart_from_everything(tmp_path):
    events = [PersonSeen(Person(7, "Ada"), NOW)]
    for at in (NOW - 3 * DAY, NOW - DAY + HOUR, NOW):
        events += played(at)
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock()) as database:
        await database.ledger.apply("test", 1, tally(events))
        known = await figures(database, NOW)
    assert (known.people.total, known.people.day) == (1, 1)
    assert known.total == Totals(streams=3, unique_files=1, bytes_served=150)
    assert known.day == HourSum(streams=2, bytes_served=100)
    assert known.week == known.month == HourSum(streams=3, bytes_served=150)
    assert known.files == FileCounts(total=1, day=1, week=1, month=1)
    assert [each.plays for each in known.popular] == [3]
    assert [*known.activity[Span.DAY].values()] == [Activity(users=1, files=1)]


async def test_a_week_and_a_month_are_told_apart(tmp_path):
    events = [each for days in (0, 6.5, 8, 29.5, 31) for each in played(NOW - days * DAY)]
    waits = [AnswerBegan(0.1, NOW), AnswerBegan(0.3, NOW)]
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock()) as database:
        await database.ledger.apply("test", 1, tally([*events, *waits]))
        known = await figures(database, NOW)
    assert [each.streams for each in (known.day, known.week, known.month)] == [1, 2, 4]
    assert average_wait(known.day) == average_wait(known.total) == 200
    assert average_wait(HourSum()) is None


async def test_where_nothing_has_happened_everything_is_nothing(tmp_path):
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock()) as database:
        known = await figures(database, NOW)
    assert (known.people.total, known.total, known.day) == (0, Totals(), HourSum())


class Database:
    """What the figures are asked of: counts how often, waits and fails as told."""

    def __init__(self, database, clock):
        self.users = self
        self.files, self.ledger = database.files, database.ledger
        self.asked = 0
        self.takes = 0.0
        self.broken = False
        self.was_asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._database = database
        self._clock = clock

    async def counts(self, now):
        self.asked += 1
        self.was_asked.set()
        self._clock.advance(self.takes)
        await self.go_on.wait()
        if self.broken:
            raise StorageError("broken")
        return await self._database.users.counts(now)


@pytest.fixture
async def stage(tmp_path):
    clock = FakeClock()
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database:
        asked = Database(database, clock)
        yield FigureDesk(asked, clock, PATIENCE), asked, clock


async def test_strangers_are_told_the_same_for_some_seconds(stage):
    desk, database, clock = stage
    first = await desk.now()
    clock.advance(FRESH - 0.1)
    assert await desk.now() is first
    clock.advance(0.1)
    assert await desk.now() is not first
    assert database.asked == 2
    assert await desk.now(max_age=0) is await desk.now()
    assert database.asked == 3


async def test_what_takes_long_is_believed_for_longer(stage):
    desk, database, clock = stage
    database.takes = 3.0
    first = await desk.now()
    clock.advance(20 * 3 - 3.1)
    assert await desk.now(max_age=0) is first
    clock.advance(0.1)
    assert await desk.now(max_age=0) is not first


async def test_many_who_ask_at_once_ask_once(stage):
    desk, database, _ = stage
    database.go_on.clear()
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(desk.now()) for _ in range(50)]
        await database.was_asked.wait()
        database.go_on.set()
    assert database.asked == 1
    assert len({id(each.result()) for each in asking}) == 1


async def test_whoever_leaves_leaves_it_to_the_next(stage):
    desk, database, _ = stage
    database.go_on.clear()
    async with asyncio.TaskGroup() as tasks:
        one, other = (tasks.create_task(desk.now()) for _ in range(2))
        await database.was_asked.wait()
        one.cancel()
        database.go_on.set()
    assert one.cancelled()
    assert other.result().people.total == 0


async def test_what_was_known_last_holds_while_there_is_no_answer(stage):
    desk, database, clock = stage
    first = await desk.now()
    database.broken = True
    clock.advance(60)
    assert await desk.now() is first
    assert database.asked == 2
    assert await desk.now() is first
    assert database.asked == 2, "nobody asks again for a moment"
    clock.advance(60)
    database.broken = False
    assert (await desk.now()).at == clock.now()


async def test_where_nothing_is_known_it_says_so(stage):
    desk, database, clock = stage
    database.broken = True
    for _ in range(3):
        with pytest.raises(StorageError):
            await desk.now()
    assert database.asked == 1
    clock.advance(60)
    database.broken = False
    assert (await desk.now()).people.total == 0


async def test_nobody_waits_for_a_database_that_hangs(stage):
    _, database, clock = stage
    database.go_on.clear()
    desk = FigureDesk(database, clock, patience=0.01)
    for _ in range(2):
        with pytest.raises(StorageError):
            await desk.now()
    assert database.asked == 1
