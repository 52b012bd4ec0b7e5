"""Keeps one lane's connections: opens them when something waits, closes what was given up, pings.

The only part of a lane that awaits. The scheduler wakes it; between times it looks after idle
connections.
"""

from __future__ import annotations

import asyncio

from telpher.errors import TelegramError, TelegramUnavailableError
from telpher.telegram.lane import Lane
from telpher.telegram.media import MediaConnector
from telpher.telegram.scheduler import Scheduler
from telpher.telegram.timing import Backoff, Timing

_STOPPED = "telpher is disconnecting from Telegram"


class Keeper:
    """See the module."""

    def __init__(
        self, lane: Lane, scheduler: Scheduler, connector: MediaConnector, timing: Timing
    ) -> None:
        self.lane = lane
        self._scheduler = scheduler
        self._connector = connector
        self._timing = timing
        self._backoff = Backoff(timing.backoff_first, timing.media_backoff_most)
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Something is to be done: a connection to be opened or closed."""
        self._work.set()

    async def run(self) -> None:
        """Does what is to be done until cancelled; then closes every connection."""
        try:
            while True:
                self.lane.sweep()
                unproved = await self._close_discarded()
                if self.lane.wants_link():
                    await self._open(after_failure=unproved)
                    continue
                await self._rest()
        finally:
            self._scheduler.refuse(self.lane, TelegramUnavailableError(_STOPPED))
            for link in list(self.lane.links):
                self.lane.discard(link)
            await self._close_discarded()

    async def _open(self, *, after_failure: bool) -> None:
        if after_failure:
            # The last one came to nothing: Telegram is not to be hammered.
            await asyncio.sleep(self._backoff.next())
        slot = self.lane.free_slot()
        try:
            connection = await self._connector.open(self.lane.dc, slot)
        except TelegramError as error:
            self._scheduler.refuse(self.lane, error)
            self.lane.unmet = False  # who still waits says so again
            await asyncio.sleep(self._backoff.next())
        else:
            self.lane.add(slot, connection)
            self.lane.unmet = False
        self._scheduler.assign()

    async def _close_discarded(self) -> bool:
        """True when one of them had never carried a chunk."""
        unproved = False
        while self.lane.discarded:
            link = self.lane.discarded[0]
            unproved = unproved or not link.proved
            if link.proved:
                self._backoff.reset()
            if link.login_lost:
                link.login_lost = False
                self._connector.forget(self.lane.dc, link.slot)
            await link.connection.close()
            self.lane.discarded.remove(link)
        return unproved

    async def _rest(self) -> None:
        """Until woken, or for so long that idle connections want a ping."""
        self._work.clear()
        try:
            async with asyncio.timeout(self._timing.ping):
                await self._work.wait()
        except TimeoutError:
            await self._ping()

    async def _ping(self) -> None:
        for link in [each for each in self.lane.links if not each.window.in_flight]:
            try:
                await link.connection.ping()
            except TelegramError:
                self.lane.discard(link)
