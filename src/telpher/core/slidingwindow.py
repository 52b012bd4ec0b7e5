"""Counting over a sliding window with two numbers: what a rate limit knows of one client.

Time is cut into windows that begin with the client's first hit. The count of the last window is
weighted with the part of it that still lies within the sliding one:

      previous: 40            current: 25
    |----------------------|-------|..............|
                   ^---------------^               40 * 2/3 + 25 = 51 in the last window
                                  now

Exact for a client that was silent before, and never far off otherwise, at a cost that does not
depend on the limit (the counter of Kulchenko and Cloudflare; `limits` calls it a sliding window
counter).
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Window(NamedTuple):
    """Counts of two windows in a row; the current one began at `begun` (seconds)."""

    begun: float
    previous: int
    current: int

    def at(self, now: float, length: float) -> Window:
        """As of `now`, windows being `length` seconds long."""
        passed = now - self.begun
        if passed < length:
            return self
        if passed < 2 * length:
            return Window(self.begun + length, self.current, 0)
        return Window(now, 0, 0)

    def view(self, now: float, length: float) -> View:
        """What it says `now`; `at` has to come before."""
        left = self.begun + length - now
        return View(self.previous, left, self.current, left + length)


class View(NamedTuple):
    """Counts with the seconds until they no longer matter, as `limits` hands them round."""

    previous: int
    previous_left: float
    current: int
    current_left: float

    def used(self, length: float) -> int:
        """Hits in the last `length` seconds."""
        return math.floor(self.previous * self.previous_left / length) + self.current

    def wait(self, limit: int, length: float) -> float:
        """Seconds until one more hit is within `limit`; 0 when it is now."""
        if self.used(length) < limit:
            return 0.0
        if self.current < limit:
            # The previous window's share has to shrink below what the current one leaves.
            return self.previous_left - (limit - self.current) * length / self.previous
        left_of_current = max(0.0, self.current_left - length)
        return left_of_current + max(0.0, length * (1 - limit / self.current))
