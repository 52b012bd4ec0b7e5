"""The pace of calls, as conversations with a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.callrate import AFTER_FLOOD, LEAST, CallRate


def call_evenly(rate: CallRate, start: float, per_second: int, seconds: int) -> float:
    """Calls at an even pace; returns the time of the last."""
    now = start
    for number in range(per_second * seconds):
        now = start + number / per_second
        rate.called(now)
    return now


def flooded_at(per_second: int) -> tuple[CallRate, float]:
    rate = CallRate()
    now = call_evenly(rate, 1000.0, per_second, 5)
    rate.flooded(now)
    return rate, now


def test_there_is_no_limit_before_the_first_flood() -> None:
    rate = CallRate()
    assert rate.limit(0.0) is None
    for _ in range(1000):
        assert rate.delay(5.0) == 0.0
        rate.called(5.0)


@pytest.mark.parametrize("per_second", [2, 10, 20])
def test_a_flood_sets_seven_tenths_of_the_rate_seen(per_second: int) -> None:
    rate, now = flooded_at(per_second)
    assert rate.limit(now) == pytest.approx(AFTER_FLOOD * per_second, rel=0.15)


def test_only_the_last_seconds_count() -> None:
    rate = CallRate()
    call_evenly(rate, 0.0, 50, 10)
    now = call_evenly(rate, 100.0, 4, 5)
    assert rate.seen(now) == pytest.approx(4, rel=0.1)
    assert rate.seen(now + 60) == 0.0


def test_the_opening_of_a_stream_is_no_rate() -> None:
    rate = CallRate()
    for _ in range(5):
        rate.called(7.0)
    assert rate.seen(7.0) == 5.0


def test_floods_of_one_burst_are_one() -> None:
    rate, now = flooded_at(10)
    limit = rate.limit(now)
    for late in range(8):
        rate.flooded(now + late)
    assert rate.limit(now) == limit
    now = call_evenly(rate, now + 8, 7, 5)
    rate.flooded(now)
    later = rate.limit(now)
    assert later is not None
    assert limit is not None
    assert later == pytest.approx(AFTER_FLOOD * limit, rel=0.05)


def test_a_flood_far_below_the_limit_is_not_about_the_pace() -> None:
    rate, now = flooded_at(20)
    now = call_evenly(rate, now + 20, 1, 9)
    limit = rate.limit(now)
    rate.flooded(now)
    assert rate.limit(now) == limit


def test_idle_time_does_not_make_the_rate_seen_smaller() -> None:
    """A flood wait in the first seconds of a play, some seconds after the last one."""
    rate = CallRate()
    call_evenly(rate, 0.0, 20, 3)
    now = call_evenly(rate, 8.0, 20, 1)
    rate.flooded(now)
    assert rate.limit(now) == pytest.approx(AFTER_FLOOD * 20, rel=0.1)


def test_a_flood_without_any_call_is_not_ours() -> None:
    rate = CallRate()
    rate.flooded(0.0)
    assert rate.limit(0.0) is None


def test_a_flood_after_a_handful_of_calls_tells_of_no_pace() -> None:
    rate = CallRate()
    for _ in range(7):
        rate.called(0.0)
    rate.flooded(0.5)
    assert rate.limit(0.5) is None
    for moment in range(1, 9):
        rate.called(float(moment))
    rate.flooded(9.0)
    assert rate.limit(9.0) is not None


def test_the_limit_has_a_floor() -> None:
    rate = CallRate()
    now = call_evenly(rate, 0.0, 1, 10)
    rate.flooded(now)
    assert rate.limit(now) == LEAST


def test_the_limit_rises_slowly() -> None:
    rate, now = flooded_at(20)
    limits = [rate.limit(now + seconds) for seconds in (0, 10, 130, 600)]
    assert limits == sorted(limits)
    first, soon, back, later = limits
    assert soon == pytest.approx(first, rel=0.05)
    assert back == pytest.approx(first / AFTER_FLOOD, rel=0.05)
    assert later == pytest.approx(3 * first, rel=0.05)


def test_a_clock_before_the_flood_gives_the_limit_of_the_flood() -> None:
    rate, now = flooded_at(20)
    assert rate.limit(now - 5) == rate.limit(now)


def test_the_pace_under_a_limit() -> None:
    """A second's worth goes at once, then one call each 1 / limit."""
    rate, now = flooded_at(10)
    limit = rate.limit(now)
    assert limit is not None
    at_once = 0
    while rate.delay(now) == 0.0:
        rate.called(now)
        at_once += 1
    assert at_once == int(limit) + 1
    wait = rate.delay(now)
    assert 0 < wait <= 1 / limit
    now += wait
    assert rate.delay(now) == pytest.approx(0.0, abs=1e-6)
    rate.called(now)
    assert rate.delay(now) == pytest.approx(1 / limit, rel=0.01)


def test_idle_time_saves_up_no_more_than_a_second() -> None:
    rate, now = flooded_at(10)
    now += 10
    limit = rate.limit(now)
    assert limit is not None
    at_once = 0
    while rate.delay(now) == 0.0:
        rate.called(now)
        at_once += 1
    assert at_once <= limit + 1


ROUND_TRIP = 0.08


class Server:
    """Telegram as far as it counts calls: a bucket of `burst` tokens, `rate` new ones a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._tokens = burst
        self._since = 0.0

    def takes(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def play(
    server: Server, wish: int, seconds: int, *, rest: int = 0
) -> tuple[list[bool], list[bool]]:
    """Somebody who would make `wish` calls a second, with `rest` seconds of silence in each 20.

    Which calls were flooded, in the first ten seconds and later.
    """
    rate, step = CallRate(), 0.005
    early: list[bool] = []
    later: list[bool] = []
    under_way: list[tuple[float, bool]] = []  # when the answer comes, and whether it is a flood
    quiet = credit = 0.0
    for tick in range(int(seconds / step)):
        now = tick * step
        credit = min(credit + wish * step, 4.0)
        while under_way and under_way[0][0] <= now:
            if under_way.pop(0)[1]:
                rate.flooded(now)
                quiet = max(quiet, now + 1)
        if now % 20 < rest:
            continue
        while credit >= 1 and now >= quiet and rate.delay(now) == 0:
            credit -= 1
            rate.called(now)
            flooded = not server.takes(now)
            under_way.append((now + ROUND_TRIP, flooded))
            (early if now < 10 else later).append(flooded)
    return early, later


@pytest.mark.parametrize("wish", [30, 100])
@pytest.mark.parametrize("rest", [0, 5])
@pytest.mark.parametrize(("per_second", "burst"), [(5, 5), (15, 15), (20, 20), (20, 5), (20, 60)])
def test_a_bucket_is_learned(per_second: int, burst: int, rest: int, wish: int) -> None:
    """After ten seconds fewer than 2 % of the calls are flooded, and much of what may be had is."""
    _, later = play(Server(per_second, burst), wish, 130, rest=rest)
    assert sum(later) < 0.02 * len(later)
    served = later.count(False) / (120 * (20 - rest) / 20)
    assert served > 0.3 * per_second


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 5), st.sampled_from(["call", "call", "call", "flood"])), max_size=100
    )
)
def test_any_history_keeps_to_its_limit(steps: list[tuple[float, str]]) -> None:
    rate = CallRate()
    now = 0.0
    for pause, event in steps:
        now += pause
        if event == "flood":
            rate.flooded(now)
            continue
        wait = rate.delay(now)
        assert 0.0 <= wait <= 1 / LEAST + 1e-6
        now += wait
        rate.called(now)
    limit = rate.limit(now)
    assert limit is None or limit >= LEAST
