"""Connections of one account to one data centre, and the queue of chunks for them.

Callers (`fetch`) queue, are assigned to a connection by `assignment`, and do their own I/O. One
task (`run`) opens connections when somebody waits and none is there, closes those that were given
up, and pings idle ones. The two meet in synchronous methods only.

    fetch ----ask----> Assignment <---add/remove---- run
      |                    |                          |
      +--- get_chunk on the link assigned             +--- MediaConnector.open, close, ping

A failed opening is told to all who wait: how long to be patient is the engine's business.
"""

from __future__ import annotations

import asyncio

from telpher.clock import Clock
from telpher.core.model import Location
from telpher.core.window import Ticket
from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    FloodWaitError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.assignment import Assignment, Link, Request
from telpher.telegram.flood import CoolDowns
from telpher.telegram.media import MediaConnector
from telpher.telegram.timing import Backoff, Timing

_Place = tuple[Link, Ticket]
_Caller = asyncio.Future[_Place]

# One until the engine learns to use more (engine.md 4).
MOST_CONNECTIONS = 1

_STOPPED = "telpher is disconnecting from Telegram"


class Pool:
    """See the module. `dc` is the data centre it serves."""

    def __init__(self, dc: int, connector: MediaConnector, clock: Clock, timing: Timing) -> None:
        self.dc = dc
        self._connector = connector
        self._clock = clock
        self._timing = timing
        self._cool = CoolDowns(clock)
        self._assignment: Assignment[_Caller] = Assignment()
        self._given_up: list[Link] = []
        self._backoff = Backoff(timing.backoff_first, timing.media_backoff_most)
        self._unproved = False
        self._work = asyncio.Event()
        self._stopped = False

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(link.connection.alive for link in self._assignment.links)

    @property
    def flood_left(self) -> float:
        """Seconds until Telegram lets this account fetch from this data centre again."""
        return self._cool.remaining(self.dc)

    async def fetch(self, location: Location, offset: int, limit: int) -> memoryview:
        """One chunk. Raises what MediaConnection.get_chunk raises, and what `open` raised when
        there was no connection; FloodWaitError at once while a flood wait lasts."""
        if self._stopped:
            raise TelegramUnavailableError(_STOPPED)
        self._cool.check(self.dc)
        link, ticket = await self._place(limit)
        started = self._clock.monotonic()
        patience = min(link.window.patience(ticket), self._timing.chunk)
        try:
            data = await link.connection.get_chunk(location, offset, limit, patience)
            self._succeeded(link, ticket, self._clock.monotonic() - started)
        except TelegramError as error:
            self._failed(link, ticket, error)
            raise
        finally:
            link.window.dropped(ticket)
            self._assign()
        return data

    async def run(self) -> None:
        """Keeps connections as they are needed, until cancelled; then closes them all."""
        try:
            while True:
                await self._close_given_up()
                if self._wants_connection():
                    await self._open()
                    continue
                self._work.clear()
                try:
                    async with asyncio.timeout(self._timing.ping):
                        await self._work.wait()
                except TimeoutError:
                    await self._ping()
        finally:
            self._stopped = True
            self._tell_waiting(TelegramUnavailableError(_STOPPED))
            for link in list(self._assignment.links):
                self._give_up(link)
            await self._close_given_up()

    # What callers do.

    async def _place(self, size: int) -> _Place:
        """Waits for a place in a window. Whoever gets one must end its ticket."""
        caller: _Caller = asyncio.get_running_loop().create_future()
        request = self._assignment.ask(size, caller)
        self._assign()
        try:
            return await caller
        except asyncio.CancelledError:
            self._leave(request)
            raise

    def _leave(self, request: Request[_Caller]) -> None:
        """The caller is gone: out of the queue, or the place it was just given back."""
        self._assignment.withdraw(request)
        caller = request.caller
        if caller.done() and not caller.cancelled() and caller.exception() is None:
            link, ticket = caller.result()
            link.window.dropped(ticket)
            self._assign()

    def _assign(self) -> None:
        """Gives out the room there is, and wakes `run` where a connection is missing."""
        for link in self._assignment.dead():
            self._give_up(link)
        for request, link, ticket in self._assignment.assign():
            if request.caller.done():
                link.window.dropped(ticket)
            else:
                request.caller.set_result((link, ticket))
        if self._given_up or self._wants_connection():
            self._work.set()

    def _succeeded(self, link: Link, ticket: Ticket, seconds: float) -> None:
        link.window.received(ticket, seconds)
        link.timeouts = 0
        link.proved = True
        self._backoff.reset()

    def _failed(self, link: Link, ticket: Ticket, error: TelegramError) -> None:
        if isinstance(error, FloodWaitError):
            link.window.flooded(ticket)
            self._cool.note(self.dc, error)
            self._tell_waiting(error)
        elif isinstance(error, ChunkTimeoutError):
            link.window.slow(ticket)
            if self._assignment.timed_out(link):
                self._give_up(link)
        elif isinstance(error, AuthorisationLostError):
            if self._give_up(link):
                self._connector.forget(self.dc)
        elif isinstance(error, TelegramUnavailableError):
            self._give_up(link)

    def _tell_waiting(self, error: TelegramError) -> None:
        for request in self._assignment.withdraw_all():
            if not request.caller.done():
                request.caller.set_exception(error)

    def _give_up(self, link: Link) -> bool:
        """Takes a link out of use, to be closed by `run`; False when it was out already."""
        if not self._assignment.remove(link):
            return False
        self._given_up.append(link)
        self._unproved = not link.proved
        self._work.set()
        return True

    def _wants_connection(self) -> bool:
        return bool(self._assignment.waiting) and len(self._assignment.links) < MOST_CONNECTIONS

    # What the pool's own task does.

    async def _open(self) -> None:
        if self._unproved:
            # The last one came to nothing: Telegram is not to be hammered.
            self._unproved = False
            await asyncio.sleep(self._backoff.next())
        try:
            connection = await self._connector.open(self.dc)
        except TelegramError as error:
            self._unproved = True
            self._tell_waiting(error)
            return
        self._assignment.add(connection)
        self._assign()

    async def _close_given_up(self) -> None:
        while self._given_up:
            await self._given_up[-1].connection.close()
            self._given_up.pop()

    async def _ping(self) -> None:
        for link in [each for each in self._assignment.links if not each.window.in_flight]:
            try:
                await link.connection.ping()
            except TelegramError:
                self._give_up(link)
