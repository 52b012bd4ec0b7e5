"""When to leave a troubled disk or database alone, and when to speak of it.

Trouble (disk full, read-only, I/O errors, a server that is away) tends to last. It begins with one
message, is tried again after a while in silence, and ends with one message at the first success.
"""

from __future__ import annotations

from telpher.clock import Clock

# Seconds. Long enough that a full disk costs nothing, short enough that nobody restarts telpher
# to get the cache back.
PAUSE = 60.0


class Rest:
    """One kind of work and whether it is resting, each time for `pause` seconds."""

    def __init__(self, clock: Clock, pause: float = PAUSE) -> None:
        self._clock = clock
        self._pause = pause
        self._until: float | None = None

    @property
    def resting(self) -> bool:
        """Whether it is too early to try again."""
        return self._until is not None and self._clock.monotonic() < self._until

    @property
    def troubled(self) -> bool:
        """Whether the last thing heard was a failure."""
        return self._until is not None

    def failed(self) -> bool:
        """Rests from now on; True when that is news."""
        news = self._until is None
        self._until = self._clock.monotonic() + self._pause
        return news

    def succeeded(self) -> bool:
        """Ends the trouble; True when that is news."""
        news = self._until is not None
        self._until = None
        return news
