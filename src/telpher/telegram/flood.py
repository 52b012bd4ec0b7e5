"""Flood waits of messages: the one place that waits before a message is sent again.

Telegram answers FLOOD_WAIT_X where it has had enough; asking again earlier makes it worse. What
must pause is narrower than the account: for messages one chat. (For files it is the account's
traffic with one data centre: `lane` knows of those.)

The outbox waits chat by chat, and repeats the same request with the same random id, so that a
message goes out exactly once. It keeps Telegram's pace (core/outflow), so that floods stay rare.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from telpher.clock import Clock
from telpher.core.outflow import Outflow
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.timing import Backoff, Sleep, Timing

_Result = TypeVar("_Result")

# More chats than this are swept for cool-downs that are over, so that strangers cannot make the
# table grow.
_SWEEP_ABOVE = 1000

# Messages that may wait for one chat. Beyond that somebody is flooding the bot, and answers that
# come minutes late help nobody.
MOST_WAITING_PER_PEER = 30

# A repeat while the first call with this random id is still running (telegram.md).
_STILL_RUNNING = "RANDOM_ID_DUPLICATE"
_STILL_RUNNING_PAUSE = 1.0

# Pauses below this are no pauses: they come of rounding.
_INSTANT = 0.001


class CoolDowns:
    """Until when each chat must stay quiet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.noted = 0
        """Flood waits since the start."""
        self._until: dict[int, float] = {}
        self._premium: set[int] = set()

    def note(self, peer: int, error: FloodWaitError) -> None:
        """Remembers a flood wait; a longer one that is already known stays."""
        self.noted += 1
        if len(self._until) > _SWEEP_ABOVE:
            self._sweep()
        until = self._clock.monotonic() + error.seconds
        if until <= self._until.get(peer, 0.0):
            return
        self._until[peer] = until
        self._premium.discard(peer)
        if error.premium:
            self._premium.add(peer)

    def remaining(self, peer: int) -> float:
        """Seconds that `peer` must still wait; 0 when it may go on."""
        return max(0.0, self._until.get(peer, 0.0) - self._clock.monotonic())

    def check(self, peer: int) -> None:
        """Raises FloodWaitError with the seconds left when `peer` must wait."""
        left = self.remaining(peer)
        if left > 0:
            raise FloodWaitError(math.ceil(left), premium=peer in self._premium)

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        self._until = {each: until for each, until in self._until.items() if until > now}
        self._premium &= self._until.keys()


@dataclass(slots=True)
class _Turn:
    """One chat's queue: messages to a chat go out one after the other, in order."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Outbox:
    """Sends one account's messages, patiently, at Telegram's pace, and chat by chat.

    `messages` is how many a request sends; one that sends none keeps no pace.
    """

    def __init__(self, clock: Clock, timing: Timing, sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._timing = timing
        self._sleep = sleep
        self._cool = CoolDowns(clock)
        self._turns: dict[int, _Turn] = {}
        self._outflow = Outflow(1 / timing.send_every, 1 / timing.group_send_every)

    @property
    def floods(self) -> int:
        """How many flood waits there have been since the start."""
        return self._cool.noted

    async def deliver(
        self,
        peer: int,
        attempt: Callable[[], Awaitable[_Result]],
        *,
        messages: int = 1,
        may_wait: bool = False,
    ) -> _Result:
        """Runs `attempt` until it succeeds or patience is over; one at a time per `peer`.

        `attempt` must be safe to repeat. What `may_wait` lets others go first. Raises what the last
        attempt raised: FloodWaitError when the wait is longer than the patience,
        TelegramUnavailableError or ChunkTimeoutError when the trouble lasts, anything else at once.
        """
        deadline = self._clock.monotonic() + self._timing.send_patience
        async with self._turn(peer):
            await self._keep_pace(peer, messages, deadline, may_wait=may_wait)
            return await self._persist(peer, attempt, deadline)

    async def submit(
        self, peer: int, attempt: Callable[[], Awaitable[_Result]], *, messages: int = 1
    ) -> _Result:
        """Runs `attempt` once, after everything that may not wait, and raises what it raises.

        It is repeated only while the first call under its random id is still running. For senders
        to very many, who have waits and progress of their own: `peer` has no queue here.
        """
        deadline = self._clock.monotonic() + self._timing.send_patience
        await self._keep_pace(peer, messages, deadline, may_wait=True)
        while True:
            self._cool.check(peer)
            try:
                return await attempt()
            except FloodWaitError as error:
                self._cool.note(peer, error)
                raise
            except RequestRejectedError as error:
                if error.name != _STILL_RUNNING or self._clock.monotonic() > deadline:
                    raise
            await self._sleep(_STILL_RUNNING_PAUSE)

    async def _keep_pace(
        self, peer: int, messages: int, deadline: float, *, may_wait: bool
    ) -> None:
        """Waits until that many may go out. Raises FloodWaitError when that is too long.

        Answers take their place at once, so they go out in the order in which they came; what may
        wait takes it when its time has come.
        """
        if not messages:
            return
        while True:
            now = self._clock.monotonic()
            pause = self._outflow.delay(peer, now, may_wait=may_wait)
            if now + pause > deadline:
                raise FloodWaitError(math.ceil(pause))
            if not may_wait or pause < _INSTANT:
                break
            await self._sleep(pause)
        self._outflow.sent(peer, messages, now)
        if pause:
            await self._sleep(pause)

    async def _persist(
        self, peer: int, attempt: Callable[[], Awaitable[_Result]], deadline: float
    ) -> _Result:
        backoff = Backoff(self._timing.backoff_first, self._timing.backoff_most)
        while True:
            try:
                self._cool.check(peer)
                return await attempt()
            except TelegramError as error:
                pause = self._pause_after(peer, error, backoff)
                if self._clock.monotonic() + pause > deadline:
                    raise
            await self._sleep(pause)

    def _pause_after(self, peer: int, error: TelegramError, backoff: Backoff) -> float:
        """Seconds until the next attempt; infinite when a repeat cannot help."""
        if isinstance(error, FloodWaitError):
            self._cool.note(peer, error)
            return max(1.0, self._cool.remaining(peer))
        if isinstance(error, RequestRejectedError) and error.name == _STILL_RUNNING:
            return _STILL_RUNNING_PAUSE
        if isinstance(error, (TelegramUnavailableError, ChunkTimeoutError)):
            return backoff.next()
        return math.inf

    @asynccontextmanager
    async def _turn(self, peer: int) -> AsyncIterator[None]:
        turn = self._turns.setdefault(peer, _Turn())
        if turn.waiting >= MOST_WAITING_PER_PEER:
            raise FloodWaitError(math.ceil(max(1.0, self._cool.remaining(peer))))
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if turn.waiting == 0:
                self._turns.pop(peer, None)
