"""Where tgfake reads the time.

Message ids carry the real time of day (clients refuse ids that are far from their own clock), while
queues and rates want a clock that never jumps. Tests that want to see a rate limit pass hand in a
clock of their own.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of the time, both in seconds."""

    def now(self) -> float:
        """Seconds since 1970, as a wall clock shows them."""
        ...

    def monotonic(self) -> float:
        """Seconds since an unknown moment; never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """Stands still until a test moves it on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._start = now
        self._elapsed = 0.0

    def now(self) -> float:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move both readings on by `seconds`."""
        self._elapsed += seconds
