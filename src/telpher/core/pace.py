"""A token bucket: so many bytes a second on the way out, smoothly (SPEED_LIMIT_MBPS).

Tokens are bytes and come in at the rate; a piece goes out when there is a token for its first
byte, and its size is then owed. So the pace is right over any time, whatever the pieces' sizes,
and never ahead of it by more than the burst and one piece. (`core/outflow` counts messages with
it instead.)

Times are seconds of one monotonic clock, handed in.
"""

from __future__ import annotations

# What a viewer may have at once after a pause, in seconds of the rate: a start without stutter.
BURST_SECONDS = 0.5

# A piece is at most so many seconds of the rate, so that the pace is smooth.
PIECE_SECONDS = 0.25

# Smaller pieces would cost more than they smooth.
LEAST_PIECE = 4 << 10

_BITS = 8


class Pace:
    """`rate` in bytes a second, above 0; `burst` in seconds of that rate."""

    def __init__(self, rate: float, burst: float = BURST_SECONDS) -> None:
        self.rate = rate
        self._burst = burst
        self._due = 0.0  # when all that went out so far is paid for

    @classmethod
    def of_megabits(cls, megabits: float) -> Pace:
        """For `megabits` (10^6 bits) a second."""
        return cls(megabits * 1e6 / _BITS)

    @property
    def piece(self) -> int:
        """The most bytes that should go out at once."""
        return max(int(self.rate * PIECE_SECONDS), LEAST_PIECE)

    def delay(self, now: float, kept: float = 0.0) -> float:
        """Seconds until the next piece may go out; one that leaves `kept` seconds of the burst to
        others waits longer."""
        return max(self._due - self._burst + kept - now, 0.0)

    def idle(self, now: float) -> bool:
        """Whether the whole burst is there, as it was at the beginning."""
        return self._due <= now

    def sent(self, nbytes: int, now: float) -> None:
        """`nbytes` go out."""
        self._due = max(self._due, now) + nbytes / self.rate
