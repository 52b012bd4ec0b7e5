"""Hedging: when a chunk that is late may be asked for a second time, on another connection.

The first answer counts, the other is dropped. It saves the viewer who waits for a chunk that got
stuck; it does not help against a slow pipe, which a second request only fills further, and that is
what a late chunk mostly is. Hence the allowance: at most 2 % of all requests, and only for what
somebody waits for.
"""

from __future__ import annotations

# A chunk that takes three times as long as expected is late (engine.md, "Several bots").
LATE_TIMES = 3.0

# Below this no hedge: the estimate of a fresh connection is rough, and a timer costs, too.
LEAST_PATIENCE = 0.25

# One request in so many may be hedged: 2 %.
REQUESTS_PER_HEDGE = 50

# Hedges that may be saved up from quiet times.
MOST_SAVED_HEDGES = 10.0


def late_after(expected: float) -> float:
    """Seconds after which a chunk that was expected in `expected` seconds counts as late."""
    return max(LATE_TIMES * expected, LEAST_PATIENCE)


class Allowance:
    """How many hedges may be sent now; it begins with `saved` of them."""

    def __init__(self, saved: float = 1.0) -> None:
        self._saved = saved

    def earn(self) -> None:
        """A request was sent."""
        self._saved = min(self._saved + 1 / REQUESTS_PER_HEDGE, MOST_SAVED_HEDGES)

    def spend(self) -> bool:
        """Takes one; False when there is none."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
