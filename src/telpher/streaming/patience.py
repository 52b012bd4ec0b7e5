"""How long trouble with Telegram is waited out: the engine's one place that tries again.

    flood wait            when it is over, if that is within the patience
    time-out, 5xx, reset  after 0.5, 1, 2, 4 ... s
    anything else         never

Patience is counted from the first failure, so that time spent in a queue is not held against a
request: 20 s while the status line is still to be sent, 25 s afterwards (engine.md, "Errors").
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telpher.clock import Clock
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    TelegramError,
    TelegramUnavailableError,
)

T = TypeVar("T")

# Players hold their request for 27 s (Kodi) to 75 s (VLC): players.md 8.
BEFORE_STATUS = 20.0
IN_BODY = 25.0

# The first wait after a passing fault, in seconds, doubled each time; the cap keeps a few
# attempts inside the patience.
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 8.0


class Patience:
    """Decides after each failure of one request how long to wait, or to give up."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._until: float | None = None
        self._backoff = FIRST_BACKOFF

    def wait_after(self, error: TelegramError) -> float:
        """Seconds to wait before the next attempt. Raises `error` where none is due."""
        wait = self._pause_for(error)
        now = self._clock.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        if now + wait > self._until:
            raise error
        return wait

    def _pause_for(self, error: TelegramError) -> float:
        match error:
            case FloodWaitError():
                return error.seconds
            case ChunkTimeoutError() | TelegramUnavailableError():
                return self._next_backoff()
        raise error

    def _next_backoff(self) -> float:
        wait = self._backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
        self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
        return wait


async def patiently(attempt: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """Runs `attempt` until it succeeds. Raises TelegramError when the patience is over."""
    while True:
        try:
            return await attempt()
        except TelegramError as error:
            wait = patience.wait_after(error)
        await asyncio.sleep(wait)
