"""Rate and round trip of one connection, learned from the chunks that pass through it.

Requests are pipelined, so the time of one chunk says little: most of it was spent behind others. A
sample of the rate counts what the connection delivered while the chunk was under way (as TCP BBR
does):

    sent       mark = bytes delivered so far
    received   sample = (bytes delivered now - mark) / seconds

While the pipe is full this is its rate. While it is not (one small chunk on an idle connection) the
sample shows what was asked for and not what could be had: it may raise the estimate, never lower
it. The least time of any chunk stands for the round trip. It is never below the true one, and a
little above: a chunk of 64 KiB at 8 MB/s adds 8 ms.
"""

from __future__ import annotations

# Up quickly: a sample is seldom above what the path can do. Down slowly: one late chunk is noise.
_UP = 0.5
_DOWN = 0.125

# No chunk is there sooner, even over loopback: a clock that hardly moved teaches nothing.
_LEAST_SECONDS = 1e-6


class Estimator:
    """`rate` in bytes a second and `min_rtt` in seconds; both 0.0 until a chunk has come."""

    __slots__ = ("_delivered", "min_rtt", "rate")

    def __init__(self) -> None:
        self.rate = 0.0
        self.min_rtt = 0.0
        self._delivered = 0

    def mark(self) -> int:
        """To be taken when a chunk is asked for and given back with it."""
        return self._delivered

    def received(self, nbytes: int, seconds: float, mark: int, *, full: bool) -> None:
        """A chunk came, `seconds` after it was asked for; `full`: the pipe was, then."""
        self._delivered += nbytes
        if seconds < _LEAST_SECONDS or nbytes <= 0:
            return
        self.min_rtt = min(self.min_rtt or seconds, seconds)
        sample = (self._delivered - mark) / seconds
        if sample >= self.rate:
            self.rate += (sample - self.rate) * (_UP if self.rate else 1.0)
        elif full:
            self.rate += (sample - self.rate) * _DOWN

    def expected(self, nbytes: int) -> float:
        """Seconds until `nbytes` are there that are asked for now; 0.0 when nothing is known."""
        return self.min_rtt + nbytes / self.rate if self.rate else 0.0

    def in_a_round_trip(self) -> float:
        """Bytes that a full pipe holds: rate x round trip."""
        return self.rate * self.min_rtt
