import pytest

from telpher.clock import FakeClock
from telpher.core.tally import DAY
from telpher.errors import StorageError
from telpher.jobs.upkeep import LOOK_EVERY, Upkeep


class Over(Exception):
    pass


class FakeDatabase:
    """Counts what is asked; `away` raises."""

    def __init__(self):
        self.pings, self.swept, self.away = 0, [], False
        self.ledger = self

    async def ping(self):
        self.pings += 1
        if self.away:
            raise StorageError("away")

    async def sweep(self, before):
        self.swept.append(before)


async def run(database, clock, rounds):
    left = rounds

    async def sleep(seconds):
        nonlocal left
        left -= 1
        if not left:
            raise Over
        clock.advance(seconds)

    with pytest.raises(Over):
        await Upkeep(database, clock, 400, sleep).run()


async def test_the_database_is_asked_every_few_seconds():
    database = FakeDatabase()
    await run(database, FakeClock(), 10)
    assert database.pings == 10


async def test_what_is_too_old_is_forgotten_once_a_day():
    database, clock = FakeDatabase(), FakeClock()
    began = clock.now()
    await run(database, clock, int(2 * DAY / LOOK_EVERY))
    assert database.swept[0] == began - 400 * DAY
    assert len(database.swept) == 2


async def test_a_database_that_is_away_is_asked_again_and_ends_nothing():
    database = FakeDatabase()
    database.away = True
    await run(database, FakeClock(), 3)
    assert (database.pings, database.swept) == (3, [])
