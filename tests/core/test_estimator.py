"""The estimator, fed by a model of a pipe: fixed rate and round trip, first in, first out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.estimator import Estimator

KIB = 1 << 10
MB = 1_000_000


class Pipe:
    """Delivers `rate` bytes a second, each request after `rtt` seconds at the earliest."""

    def __init__(self, rate: float, rtt: float) -> None:
        self.rate = rate
        self.rtt = rtt
        self.free_at = 0.0

    def answer(self, now: float, nbytes: int) -> float:
        """When a chunk asked for now will be there."""
        self.free_at = max(self.free_at, now + self.rtt) + nbytes / self.rate
        return self.free_at


def pump(estimator: Estimator, pipe: Pipe, nbytes: int, depth: int, count: int) -> None:
    """Keeps `depth` chunks in flight until `count` have come."""
    now = pipe.free_at
    flying = [(now, estimator.mark(), pipe.answer(now, nbytes)) for _ in range(depth)]
    for _ in range(count):
        sent, mark, now = flying.pop(0)
        estimator.received(nbytes, now - sent, mark, full=True)
        flying.append((now, estimator.mark(), pipe.answer(now, nbytes)))


def test_nothing_is_known_at_first() -> None:
    estimator = Estimator()
    assert (estimator.rate, estimator.min_rtt) == (0.0, 0.0)
    assert estimator.expected(1 << 20) == 0.0
    assert estimator.in_a_round_trip() == 0.0


def test_one_chunk() -> None:
    estimator = Estimator()
    estimator.received(64 * KIB, 0.5, estimator.mark(), full=False)
    assert estimator.rate == 128 * KIB
    assert estimator.min_rtt == 0.5
    assert estimator.expected(128 * KIB) == 1.5
    assert estimator.in_a_round_trip() == 64 * KIB


@pytest.mark.parametrize("rate", [0.3 * MB, 8 * MB, 60 * MB])
@pytest.mark.parametrize("rtt", [0.01, 0.08, 0.4])
def test_a_full_pipe_is_measured(rate: float, rtt: float) -> None:
    estimator = Estimator()
    pipe = Pipe(rate, rtt)
    opening = pipe.answer(0.0, 64 * KIB)
    estimator.received(64 * KIB, opening, 0, full=False)
    depth = int(rate * rtt / (256 * KIB)) + 3
    pump(estimator, pipe, 256 * KIB, depth, 200)
    assert estimator.rate == pytest.approx(rate, rel=0.15)
    assert rtt <= estimator.min_rtt <= rtt + 64 * KIB / rate + 1e-9


def test_a_window_that_is_too_small_measures_itself() -> None:
    """One chunk at a time over 80 ms: what comes out is chunk / (RTT + chunk / rate)."""
    estimator = Estimator()
    pump(estimator, Pipe(8 * MB, 0.08), 1 << 20, 1, 50)
    assert estimator.rate == pytest.approx(5 * MB, rel=0.05)


def test_asking_for_little_does_not_lower_the_rate() -> None:
    estimator = Estimator()
    estimator.received(1 << 20, 0.1, estimator.mark(), full=True)
    before = estimator.rate
    estimator.received(64 * KIB, 0.1, estimator.mark(), full=False)
    assert estimator.rate == before


def test_a_pipe_that_slows_down_is_followed() -> None:
    estimator = Estimator()
    pump(estimator, Pipe(8 * MB, 0.05), 256 * KIB, 6, 100)
    pump(estimator, Pipe(1 * MB, 0.05), 256 * KIB, 6, 100)
    assert estimator.rate == pytest.approx(1 * MB, rel=0.15)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-300])
def test_a_clock_that_stands_still_teaches_nothing(seconds: float) -> None:
    estimator = Estimator()
    estimator.received(1 << 20, seconds, estimator.mark(), full=True)
    assert (estimator.rate, estimator.min_rtt) == (0.0, 0.0)
    assert estimator.mark() == 1 << 20


samples = st.tuples(
    st.integers(0, 1 << 20), st.floats(0, 1e4, allow_subnormal=False), st.booleans()
)


@given(history=st.lists(samples, max_size=50))
def test_any_history_leaves_finite_numbers(history: list[tuple[int, float, bool]]) -> None:
    estimator = Estimator()
    for nbytes, seconds, full in history:
        estimator.received(nbytes, seconds, estimator.mark(), full=full)
        assert math.isfinite(estimator.rate)
        assert math.isfinite(estimator.expected(1 << 20))
        assert 0.0 <= estimator.in_a_round_trip() < math.inf
