"""People counted now and then."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.records import UserCounts
from telpher.errors import StorageError
from telpher.service.census import EVERY, Census


class People:
    """One more each time; away the second time."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def counts(self, now: float) -> UserCounts:
        self.asked.append(now)
        if len(self.asked) == 2:
            raise StorageError("away")
        return UserCounts(len(self.asked), 1, 1, 1, 0, 0, 1)


async def test_people_are_counted_again_and_again() -> None:
    clock, people, seen = FakeClock(), People(), []

    async def sleep(seconds: float) -> None:
        assert seconds == EVERY
        assert census.counts is not None
        seen.append(census.counts.total)
        if len(seen) == 3:
            raise asyncio.CancelledError
        clock.advance(seconds)

    census = Census(people, clock, sleep)
    assert census.counts is None
    with pytest.raises(asyncio.CancelledError):
        await census.run()
    assert seen == [1, 1, 3], "while the database is away, what was counted last stands"
    assert people.asked == [FakeClock().now() + EVERY * turn for turn in range(3)]
