"""Time as something handed in, so that tests decide what the clock says.

Only reading the time is here; waiting belongs to the edges (asyncio's own timers).
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two kinds of time, both in seconds."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back. For durations and deadlines."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class FakeClock:
    """A clock that stands still until `advance` is called."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Lets `seconds` pass on both clocks."""
        self._now += seconds
        self._monotonic += seconds
