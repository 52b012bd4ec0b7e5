"""The last minutes of telpher, beat by beat, so that a page that is opened shows them at once.

Every two seconds counters are read that the byte path keeps anyway, and what they grew by is kept
for five minutes: a few kilobytes, whoever looks and whoever does not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from telpher.clock import Clock
from telpher.telegram.timing import Sleep

EVERY: Final = 2.0  # seconds
KEPT: Final = 150  # beats: five minutes


@dataclass(frozen=True, slots=True)
class Counters:
    """How many streams there are; since the beginning: bytes to viewers and from Telegram, look-ups
    in memory and those that caused no request, seconds of processor time; bytes of files in memory,
    and all the memory that is occupied."""

    streams: int = 0
    sent: int = 0
    fetched: int = 0
    hits: int = 0
    lookups: int = 0
    cached: int = 0
    cache_budget: int = 0
    memory: int = 0
    cpu: float = 0.0

    @property
    def hit_rate(self) -> float | None:
        """The part of the look-ups that caused no request; None before the first."""
        return self.hits / self.lookups if self.lookups else None


@dataclass(frozen=True, slots=True)
class Beat:
    """What there was at `at` (Unix seconds): streams, bytes per second, bytes of memory, and the
    processors that were busy, 1.0 for one of them all the time."""

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
        self._last, self._last_at = read(), clock.monotonic()
        self._beats: deque[Beat] = deque(maxlen=KEPT)

    @property
    def counters(self) -> Counters:
        """As they are now."""
        return self._read()

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
                memory=counters.memory,
                cpu=max(0.0, counters.cpu - self._last.cpu) / seconds,
            )
        )
        self._last, self._last_at = counters, now

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Beats until cancelled."""
        while True:
            await sleep(EVERY)
            self.beat()
