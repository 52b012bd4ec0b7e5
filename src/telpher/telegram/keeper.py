"""Keeps one lane's connections: opens them when something waits, closes what was given up, pings.

The only part of a lane that awaits. The scheduler wakes it; between times it looks after idle
connections.
"""

from __future__ import annotations

import asyncio

import structlog

from telpher.errors import (
    AuthorisationLostError,
    FloodWaitError,
    KeyDuplicatedError,
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.lane import Lane, Link
from telpher.telegram.media import MediaConnector
from telpher.telegram.scheduler import Scheduler
from telpher.telegram.timing import Backoff, Sleep, Timing

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_STOPPED = "telpher is disconnecting from Telegram"


class Keeper:
    """See the module."""

    def __init__(
        self,
        lane: Lane,
        scheduler: Scheduler,
        connector: MediaConnector,
        timing: Timing,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.lane = lane
        self._scheduler = scheduler
        self._connector = connector
        self._timing = timing
        self._sleep = sleep
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
                troubled = await self._close_discarded()
                if self.lane.wants_link():
                    await self._open(after_trouble=troubled)
                    continue
                await self._rest()
        finally:
            self._scheduler.refuse(self.lane, TelegramUnavailableError(_STOPPED))
            for link in list(self.lane.links):
                self.lane.discard(link)
            await self._close_discarded()

    async def _open(self, *, after_trouble: bool) -> None:
        if after_trouble:
            # Telegram is not to be hammered.
            await self._sleep(self._backoff.next())
        slot = self.lane.free_slot()
        try:
            connection = await self._connector.open(self.lane.dc, slot)
        except TelegramError as error:
            if isinstance(error, FloodWaitError):
                self.lane.no_login(error)
            self._scheduler.refuse(self.lane, error)
            self.lane.unmet = False  # who still waits says so again
            await self._sleep(self._backoff.next())
        else:
            self.lane.add(slot, connection)
            self.lane.unmet = False
        self._scheduler.assign()

    async def _close_discarded(self) -> bool:
        """True when the next one should not follow at once."""
        troubled = False
        while self.lane.discarded:
            link = self.lane.discarded[0]
            if _was_trouble(link):
                troubled = True
            else:
                self._backoff.reset()
            if isinstance(link.fault, AuthorisationLostError):
                self._forget_login(link, link.fault)
            await link.connection.close()
            self.lane.discarded.remove(link)
        return troubled

    def _forget_login(self, link: Link, fault: AuthorisationLostError) -> None:
        link.fault = None
        told = {"account": self.lane.account, "dc": self.lane.dc, "problem": str(fault)}
        if isinstance(fault, KeyDuplicatedError):
            _log.error("Telegram saw a login twice at once and ended it", **told)
        else:
            _log.warning("Telegram no longer knows a login for file traffic", **told)
        self._connector.forget(self.lane.dc, link.slot)

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


def _was_trouble(link: Link) -> bool:
    """Whether it came to nothing, or to an error after which Telegram wants a pause."""
    return not link.proved or isinstance(link.fault, ThrottledError | KeyDuplicatedError)
