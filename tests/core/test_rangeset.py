"""The range set against a plain set of integers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from telpher.core.rangeset import RangeSet

bounds = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: tuple(sorted(pair)))


class RangeSetMachine(RuleBasedStateMachine):
    """Every operation on both; what they say must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges = RangeSet()
        self.model: set[int] = set()

    @rule(bounds=bounds)
    def add(self, bounds: tuple[int, int]) -> None:
        self.ranges.add(*bounds)
        self.model.update(range(*bounds))

    @rule(bounds=bounds)
    def remove(self, bounds: tuple[int, int]) -> None:
        self.ranges.remove(*bounds)
        self.model.difference_update(range(*bounds))

    @rule(bounds=bounds)
    def contains(self, bounds: tuple[int, int]) -> None:
        assert self.ranges.contains(*bounds) == self.model.issuperset(range(*bounds))

    @rule(bounds=bounds)
    def missing(self, bounds: tuple[int, int]) -> None:
        gaps = self.ranges.missing(*bounds)
        assert is_canonical(gaps)
        assert positions(gaps) == set(range(*bounds)) - self.model

    @invariant()
    def agree(self) -> None:
        ranges = list(self.ranges)
        assert is_canonical(ranges)
        assert positions(ranges) == self.model
        assert self.ranges.total == len(self.model)
        assert bool(self.ranges) == bool(self.model)


def positions(ranges: list[tuple[int, int]]) -> set[int]:
    return {position for bounds in ranges for position in range(*bounds)}


def is_canonical(ranges: list[tuple[int, int]]) -> bool:
    """Sorted, none empty, none touching the next."""
    edges = [edge for bounds in ranges for edge in bounds]
    return all(left < right for left, right in pairwise(edges))


TestRangeSet = RangeSetMachine.TestCase


def test_touching_ranges_become_one() -> None:
    ranges = RangeSet()
    ranges.add(0, 4)
    ranges.add(8, 12)
    ranges.add(4, 8)
    assert list(ranges) == [(0, 12)]
    assert repr(ranges) == "RangeSet([0,12))"


def test_the_order_of_adding_does_not_matter() -> None:
    one, other = RangeSet(), RangeSet()
    for start in range(0, 100, 10):
        one.add(start, start + 5)
        other.add(90 - start, 95 - start)
    assert list(one) == list(other)


def test_a_file_of_four_gigabytes() -> None:
    ranges = RangeSet()
    ranges.add(0, 4 << 30)
    ranges.remove(1 << 30, (1 << 30) + 1)
    assert list(ranges) == [(0, 1 << 30), ((1 << 30) + 1, 4 << 30)]
    assert ranges.total == (4 << 30) - 1


@given(position=st.integers(0, 60))
def test_an_empty_range_is_always_there(position: int) -> None:
    ranges = RangeSet()
    ranges.add(position, position)
    assert not ranges
    assert ranges.contains(position, position)
    assert ranges.missing(position, position) == []


@pytest.mark.parametrize("bounds", [(-1, 5), (-5, -1), (5, 4)])
@pytest.mark.parametrize("method", ["add", "remove", "contains", "missing"])
def test_no_range(method: str, bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a range"):
        getattr(RangeSet(), method)(*bounds)


def test_iterating_while_changing_sees_the_state_at_the_start() -> None:
    ranges = RangeSet()
    ranges.add(0, 1)
    ranges.add(2, 3)
    for start, stop in ranges:
        ranges.remove(start, stop)
    assert not ranges
