"""What the database needs now and then, whoever asks for what.

every few seconds    is it there? Then all who were refused know soon that it is back
every day            statistics older than RETENTION_DAYS are forgotten
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from telpher.clock import Clock
from telpher.core.tally import DAY
from telpher.errors import StorageError
from telpher.storage.base import Database
from telpher.telegram.timing import Sleep

LOOK_EVERY: Final = 5.0


class Upkeep:
    """See the module."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        retention_days: int,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention_days * DAY
        self._sleep = sleep
        self._swept = float("-inf")

    async def run(self) -> None:
        """Looks after the database until cancelled. Never fails: the database says itself what is
        wrong with it."""
        while True:
            with contextlib.suppress(StorageError):
                await self._look()
            await self._sleep(LOOK_EVERY)

    async def _look(self) -> None:
        await self._database.ping()
        now = self._clock.now()
        if now - self._swept >= DAY:
            await self._database.ledger.sweep(now - self._retention)
            self._swept = now
