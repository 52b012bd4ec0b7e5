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
from telpher.telegram.media import MediaConnection, MediaConnector
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
        self._troubled = False  # the next connection should not follow at once
        self._relogged = False  # the last link ended for its login, and carried nothing
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Something is to be done: a connection to be opened or closed."""
        self._work.set()

    async def run(self) -> None:
        """Does what is to be done until cancelled; then closes every connection."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._work.clear()
                    self.lane.sweep()
                    await self._close_discarded()
                    self._widen(tasks)
                    await self._rest()
        finally:
            self._scheduler.refuse(self.lane, TelegramUnavailableError(_STOPPED))
            for link in list(self.lane.links):
                self.lane.discard(link)
            await self._close_discarded()

    def _widen(self, tasks: asyncio.TaskGroup) -> None:
        """Begins to open as many connections as the lane wants."""
        for _ in range(self.lane.wants_links()):
            slot = self.lane.free_slot()
            self.lane.opening.add(slot)
            tasks.create_task(self._open(slot), name=f"connection {slot}")

    async def _open(self, slot: int) -> None:
        link: Link | None = None
        opening = True

        def admit(connection: MediaConnection, *, settled: bool = False) -> None:
            nonlocal link, opening
            link = self.lane.add(slot, connection, settled=settled)
            self.lane.opening.discard(slot)
            opening = False
            self.lane.unmet = False
            self._scheduler.assign()

        try:
            if self._troubled:
                # Telegram is not to be hammered.
                self._troubled = False
                await self._sleep(self._backoff.next())
            try:
                connection = await self._connector.open(self.lane.dc, slot, admit)
            except TelegramError as error:
                self._give_up(link)
                if slot not in self.lane.opening:
                    # Or the next attempt would not wait for the pause that this one makes.
                    self.lane.opening.add(slot)
                    opening = True
                await self._failed(error)
            else:
                if link is None:
                    admit(connection, settled=True)
                else:
                    link.settled = True
        finally:
            if opening:
                self.lane.opening.discard(slot)
        self._scheduler.assign()
        self.wake()

    def _give_up(self, link: Link | None) -> None:
        """It was admitted before its login was, which came to nothing."""
        if link is not None:
            link.proved = True  # the pause for it is made here
            self.lane.discard(link)

    async def _failed(self, error: TelegramError) -> None:
        if isinstance(error, FloodWaitError):
            self.lane.no_login(error)
        self._scheduler.refuse(self.lane, error)
        self.lane.unmet = False  # who still waits says so again
        await self._sleep(self._backoff.next())

    async def _close_discarded(self) -> None:
        while self.lane.discarded:
            link = self.lane.discarded[0]
            self._judge(link)
            if isinstance(link.fault, AuthorisationLostError):
                self._forget_login(link, link.fault)
            await link.connection.close()
            self.lane.discarded.remove(link)

    def _judge(self, link: Link) -> None:
        """Whether the next connection may follow at once.

        It may after one that has carried something, and where a login turned out to be over: that
        is mended at once, but if it comes to nothing again it was not the login.
        """
        fault = link.fault
        if isinstance(fault, ThrottledError | KeyDuplicatedError):
            self._troubled = True
        elif link.proved:
            self._relogged = False
            self._backoff.reset()
        elif isinstance(fault, AuthorisationLostError) and not self._relogged:
            self._relogged = True
        else:
            self._troubled = True

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
