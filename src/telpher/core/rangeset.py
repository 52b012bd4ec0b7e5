"""A set of byte positions, kept as sorted half-open ranges that neither overlap nor touch.

    add(0, 4), add(8, 12)      [0,4) [8,12)
    add(4, 6)                  [0,6) [8,12)        touching ranges become one
    missing(2, 10)             [6,8)
    remove(2, 9)               [0,2) [9,12)

Two parallel lists: since ranges are disjoint, starts and stops are both sorted, and a bisection in
each finds the ranges that an operation touches. O(log n) to look up, O(n) to change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class RangeSet:
    """Which bytes are there. Every range is [start, stop) with 0 <= start <= stop.

    All methods raise ValueError for any other. An empty range changes nothing and is always
    contained.
    """

    __slots__ = ("_starts", "_stops")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The ranges, from the lowest on."""
        return iter(list(zip(self._starts, self._stops, strict=True)))

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __repr__(self) -> str:
        return f"RangeSet({' '.join(f'[{start},{stop})' for start, stop in self)})"

    @property
    def total(self) -> int:
        """The number of positions in the set."""
        return sum(self._stops) - sum(self._starts)

    def add(self, start: int, stop: int) -> None:
        """Puts every position of [start, stop) in."""
        if _is_empty(start, stop):
            return
        first, last = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        if first < last:  # ranges that overlap or touch: swallowed
            start = min(start, self._starts[first])
            stop = max(stop, self._stops[last - 1])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]

    def remove(self, start: int, stop: int) -> None:
        """Takes every position of [start, stop) out."""
        if _is_empty(start, stop):
            return
        first, last = self._overlapping(start, stop)
        if first == last:
            return
        left, right = self._starts[first], self._stops[last - 1]
        rests = [rest for rest in ((left, start), (stop, right)) if rest[0] < rest[1]]
        self._starts[first:last] = [rest[0] for rest in rests]
        self._stops[first:last] = [rest[1] for rest in rests]

    def contains(self, start: int, stop: int) -> bool:
        """Whether every position of [start, stop) is in the set."""
        if _is_empty(start, stop):
            return True
        at = bisect_right(self._stops, start)
        return at < len(self._starts) and self._starts[at] <= start and stop <= self._stops[at]

    def missing(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The ranges of [start, stop) that are not in the set, from the lowest on."""
        if _is_empty(start, stop):
            return []
        gaps = []
        first, last = self._overlapping(start, stop)
        for at in range(first, last):
            if start < self._starts[at]:
                gaps.append((start, self._starts[at]))
            start = self._stops[at]
        return [*gaps, (start, stop)] if start < stop else gaps

    def _overlapping(self, start: int, stop: int) -> tuple[int, int]:
        """The indexes [first, last) of the ranges with a position in [start, stop)."""
        return bisect_right(self._stops, start), bisect_left(self._starts, stop)


def _is_empty(start: int, stop: int) -> bool:
    if not 0 <= start <= stop:
        raise ValueError(f"not a range: [{start}, {stop})")
    return start == stop
