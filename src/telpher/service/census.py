"""How many people there are, counted now and then, so that whoever asks for it costs nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from telpher.clock import Clock
from telpher.core.records import UserCounts
from telpher.errors import StorageError

# Seconds. Counting a million people takes MongoDB some tenths of one.
EVERY: Final = 60.0


class People(Protocol):
    """Of a UserStore what is needed here."""

    async def counts(self, now: float) -> UserCounts: ...


class Census:
    """`counts` are those of the last time; None before the first."""

    def __init__(
        self,
        people: People,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.counts: UserCounts | None = None
        self._people = people
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """A job, until cancelled. While the database is away, what was counted last stands."""
        while True:
            with contextlib.suppress(StorageError):
                self.counts = await self._people.counts(self._clock.now())
            await self._sleep(EVERY)
