"""The last minutes of this process, beat by beat, so that a page that is opened shows them at once.

Every two seconds counters are read that the byte path keeps anyway, and what they grew by is kept
for five minutes: a few kilobytes, whoever looks and whoever does not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from telpher.clock import Clock
from telpher.telegram.timing import Sleep

EVERY: Final = 2.0  # seconds
KEPT: Final = 150  # beats: five minutes


@dataclass(frozen=True, slots=True)
class Counters:
    """How many streams there are, bytes to viewers and from Telegram since the process began, the
    part of look-ups in memory that caused no request (None before the first), bytes in memory."""

    streams: int = 0
    sent: int = 0
    fetched: int = 0
    hit_rate: float | None = None
    cached: int = 0
    cache_budget: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """What there was at `at` (Unix seconds): streams, bytes per second, bytes of memory, and the
    part of one processor that the process took, 1.0 for all of it."""

    at: float
    streams: int
    sent: float
    fetched: float
    memory: int
    cpu: float


class Pulse:
    """See the module; `run` is a job."""

    def __init__(self, read: Callable[[], Counters], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._process = psutil.Process()
        self._process.cpu_percent()  # the figure is the mean since the call before
        self._last, self._last_at = read(), clock.monotonic()
        self._beats: deque[Beat] = deque(maxlen=KEPT)

    @property
    def counters(self) -> Counters:
        """As they are now."""
        return self._read()

    @property
    def memory(self) -> int:
        """Bytes that the process occupies now."""
        return int(self._process.memory_info().rss)

    def since(self, at: float) -> list[Beat]:
        """The beats after that time, oldest first."""
        return [beat for beat in self._beats if beat.at > at]

    @property
    def newest(self) -> Beat | None:
        """The last one; None before the first."""
        return self._beats[-1] if self._beats else None

    def beat(self) -> None:
        """One more."""
        now, counters = self._clock.monotonic(), self._read()
        seconds = now - self._last_at
        if seconds <= 0:
            return
        self._beats.append(
            Beat(
                at=self._clock.now(),
                streams=counters.streams,
                sent=max(0, counters.sent - self._last.sent) / seconds,
                fetched=max(0, counters.fetched - self._last.fetched) / seconds,
                memory=self.memory,
                cpu=self._process.cpu_percent() / 100,
            )
        )
        self._last, self._last_at = counters, now

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Beats until cancelled."""
        while True:
            await sleep(EVERY)
            self.beat()
