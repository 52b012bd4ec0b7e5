"""The pace of calls, as conversations with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.callrate import (
    AFTER_FIRST_FLOOD,
    AFTER_FLOOD,
    DOUBLING,
    LEAD,
    LEAST,
    LEAST_LEAD,
    MOST,
    CallRate,
)


def call_evenly(rate: CallRate, start: float, per_second: float, seconds: float) -> float:
    """Calls at an even pace; returns the time of the last."""
    now = start
    for number in range(int(per_second * seconds)):
        now = start + number / per_second
        rate.called(now)
    return now


def flood(rate: CallRate, now: float) -> float:
    """One more call, which is refused, and one after the wait of a second; returns its time."""
    rate.called(now)
    rate.flooded(now + 0.08)
    rate.called(now + 1.1)
    return now + 1.1


def flooded_at(per_second: float) -> tuple[CallRate, float]:
    rate = CallRate()
    now = call_evenly(rate, 1000.0, per_second, 5)
    return rate, flood(rate, now + 1 / per_second)


def limit_of(rate: CallRate) -> float:
    assert rate.limit is not None
    return rate.limit


def test_there_is_no_limit_before_the_first_flood() -> None:
    rate = CallRate()
    assert rate.limit is None
    for _ in range(1000):
        assert rate.delay(5.0) == 0.0
        rate.called(5.0)


@pytest.mark.parametrize("per_second", [4, 10, 20, 50])
def test_the_first_flood_sets_seven_tenths_of_the_rate_seen(per_second: int) -> None:
    rate, _ = flooded_at(per_second)
    assert rate.limit == pytest.approx(AFTER_FIRST_FLOOD * per_second, rel=0.15)


def test_it_is_judged_with_the_first_call_after_it() -> None:
    """Only then is it known which calls were granted."""
    rate = CallRate()
    now = call_evenly(rate, 0.0, 20, 2)
    for _ in range(20):
        rate.called(now)
    for late in range(20):
        rate.flooded(now + late / 100)
    assert rate.limit is None
    rate.called(now + 2)
    assert rate.limit == pytest.approx(AFTER_FIRST_FLOOD * 20, rel=0.15)


def test_the_second_tells_the_rate_of_a_bucket() -> None:
    """What was granted between two flood waits is what the bucket was given."""
    rate, now = flooded_at(25)
    # Fifteen a second come back: those of the wait at once, the rest at their pace.
    for _ in range(14):
        rate.called(now)
    now = call_evenly(rate, now, 15, 10)
    flood(rate, now)
    assert rate.limit == pytest.approx(AFTER_FLOOD * 15, rel=0.1)


def test_years_of_little_demand_are_not_the_rate_seen() -> None:
    rate = CallRate()
    now = call_evenly(rate, 0.0, 1, 500)
    now = call_evenly(rate, now + 1, 40, 10)
    flood(rate, now)
    assert rate.limit == pytest.approx(AFTER_FIRST_FLOOD * 40, rel=0.15)


def test_idle_time_does_not_make_the_rate_seen_smaller() -> None:
    rate = CallRate()
    call_evenly(rate, 0.0, 20, 10)
    now = call_evenly(rate, 3600.0, 20, 3)
    flood(rate, now)
    assert rate.limit == pytest.approx(AFTER_FIRST_FLOOD * 20, rel=0.2)


def test_a_flood_without_any_call_is_not_ours() -> None:
    rate = CallRate()
    rate.flooded(0.0)
    rate.called(1.0)
    assert rate.limit is None


def test_a_flood_after_a_handful_of_calls_tells_of_no_pace() -> None:
    rate = CallRate()
    for _ in range(7):
        rate.called(0.0)
    flood(rate, 0.1)
    assert rate.limit is None


def test_floods_after_a_handful_of_calls_each_add_up() -> None:
    """A bucket of three a second: each wait is followed by three that are granted."""
    rate = CallRate()
    now = 0.0
    for _ in range(5):
        for _ in range(3):
            rate.called(now)
        now = flood(rate, now)
    assert rate.limit is not None
    assert rate.limit <= 4


def test_one_flood_wait_after_the_other_teaches_nothing() -> None:
    """Tokens came while each lasted: no bucket refuses the first call after it."""
    rate, now = flooded_at(20)
    limit = limit_of(rate)
    for _ in range(30):
        rate.flooded(now + 0.08)
        now += 1.1
        rate.called(now)
    assert limit_of(rate) >= limit


def test_a_flood_far_below_the_limit_is_not_about_the_pace() -> None:
    rate, now = flooded_at(40)
    now = call_evenly(rate, now + 20, 1, 20)
    limit = limit_of(rate)
    flood(rate, now + 1)
    assert limit_of(rate) >= limit


def test_a_flood_below_a_ceiling_that_was_exact_disproves_it() -> None:
    rate, now = flooded_at(20)
    now = flood(rate, call_evenly(rate, now, 14, 10))
    below = limit_of(rate)
    now = call_evenly(rate, now, below, 2)
    limit = limit_of(rate)
    assert limit < 0.9 * 14
    flood(rate, now)
    assert limit_of(rate) >= limit


def test_the_limit_has_a_floor() -> None:
    rate, _ = flooded_at(2)
    assert rate.limit == pytest.approx(LEAST, rel=0.1)


@pytest.mark.parametrize("demand", [10, 30, 100])
def test_after_the_last_flood_the_limit_is_soon_where_it_was(demand: int) -> None:
    """It asks for as much as it may: three fifths are back in a moment, all of it in a minute."""
    rate, now = flooded_at(demand)
    begin = now
    while now - begin < 5 * DOUBLING and limit_of(rate) < demand:
        now += max(1 / demand, rate.delay(now))
        rate.called(now)
    assert limit_of(rate) >= demand


def test_from_the_floor_it_doubles_each_ten_seconds_once_the_ceiling_is_passed() -> None:
    rate, now = flooded_at(2)
    begin = now
    while limit_of(rate) < 30:
        now += rate.delay(now) + 1e-3
        rate.called(now)
    assert now - begin < 100


def test_a_limit_that_nobody_tries_stays_where_it_is() -> None:
    rate, now = flooded_at(20)
    limit = limit_of(rate)
    rate.called(now + 3600)
    assert limit_of(rate) == pytest.approx(limit, rel=0.01)


def test_the_limit_ends_somewhere() -> None:
    rate, now = flooded_at(20)
    call_evenly(rate, now, 200, 300)
    assert rate.limit == MOST


def test_the_pace_under_a_limit() -> None:
    """A second's worth goes at once, then one call each 1 / limit."""
    rate, now = flooded_at(10)
    now += LEAD
    limit = limit_of(rate)
    at_once = 0
    while rate.delay(now) == 0.0:
        rate.called(now)
        at_once += 1
    assert limit - 1 <= at_once <= limit + 2
    wait = rate.delay(now)
    assert 0 < wait <= 1 / limit
    now += wait
    assert rate.delay(now) == pytest.approx(0.0, abs=1e-6)
    rate.called(now)
    assert rate.delay(now) == pytest.approx(1 / limit, rel=0.05)


def lead_of(rate: CallRate, now: float) -> float:
    """Seconds of calls that go at once."""
    at_once = 0
    while rate.delay(now) == 0.0:
        rate.called(now)
        at_once += 1
    return (at_once - 1) / limit_of(rate)


def test_each_flood_under_a_limit_halves_what_goes_at_once() -> None:
    rate, now = flooded_at(40)
    for _ in range(8):
        now = flood(rate, call_evenly(rate, now, limit_of(rate) * 1.2, 5))
    assert lead_of(rate, now + 5) <= max(0.2, LEAST_LEAD + 1 / limit_of(rate))


def test_calls_without_a_flood_give_it_back() -> None:
    rate, now = flooded_at(40)
    for _ in range(8):
        now = flood(rate, call_evenly(rate, now, limit_of(rate) * 1.2, 5))
    now = call_evenly(rate, now, 20, 240)
    assert lead_of(rate, now + 5) == pytest.approx(LEAD, rel=0.1)


ROUND_TRIP = 0.08


class Server(Protocol):
    def takes(self, now: float) -> bool: ...


class Bucket:
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


class OneOffs:
    """A server that has no limit, and refuses `run` calls each `every` seconds, until `until`."""

    def __init__(self, run: int, every: float, until: float) -> None:
        self._run, self._every, self._until = run, every, until
        self._next = every
        self._left = 0

    def takes(self, now: float) -> bool:
        if self._next <= now < self._until:
            self._left = self._run
            self._next = now + self._every
        if self._left:
            self._left -= 1
            return False
        return True


@dataclass
class Played:
    """When calls were granted and when they were refused."""

    granted: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)

    def pace(self, begin: float, end: float) -> float:
        """Granted calls a second in that time."""
        return sum(begin <= moment < end for moment in self.granted) / (end - begin)

    def share(self, begin: float) -> float:
        """The part that was flooded, from then on."""
        bad = sum(moment >= begin for moment in self.flooded)
        return bad / (bad + sum(moment >= begin for moment in self.granted))


def play(server: Server, wish: int, seconds: int, *, rest: int = 0, wait: int = 1) -> Played:
    """Somebody who would make `wish` calls a second, with `rest` seconds of silence in each 20.

    A flood wait lasts for `wait` seconds.
    """
    rate, step, played = CallRate(), 0.005, Played()
    under_way: list[tuple[float, bool]] = []  # when the answer comes, and whether it is a flood
    quiet = credit = 0.0
    for tick in range(int(seconds / step)):
        now = tick * step
        credit = min(credit + wish * step, max(4.0, wish / 4))
        while under_way and under_way[0][0] <= now:
            if under_way.pop(0)[1]:
                rate.flooded(now)
                quiet = max(quiet, now + wait)
        if now % 20 < rest:
            continue
        while credit >= 1 and now >= quiet and rate.delay(now) == 0:
            credit -= 1
            rate.called(now)
            taken = server.takes(now)
            under_way.append((now + ROUND_TRIP, not taken))
            (played.granted if taken else played.flooded).append(now)
    return played


@pytest.mark.parametrize("wish", [30, 100])
@pytest.mark.parametrize("rest", [0, 5])
@pytest.mark.parametrize(
    ("per_second", "burst"), [(3, 3), (5, 5), (15, 15), (20, 20), (20, 5), (20, 60)]
)
def test_a_bucket_is_learned(per_second: int, burst: int, rest: int, wish: int) -> None:
    """After ten seconds fewer than 2 % of the calls are flooded, and most of what may be had is."""
    played = play(Bucket(per_second, burst), wish, 130, rest=rest)
    assert played.share(10) < 0.02
    in_use = (20 - rest) / 20
    least = 0.4 if burst < per_second else 0.9
    assert played.pace(10, 130) > least * per_second * in_use


@pytest.mark.parametrize(("per_second", "burst"), [(5, 5), (15, 15), (20, 60)])
def test_a_bucket_with_longer_waits_is_learned_too(per_second: int, burst: int) -> None:
    played = play(Bucket(per_second, burst), 100, 130, wait=5)
    assert played.share(40) < 0.02
    assert played.pace(40, 130) > 0.7 * per_second


@pytest.mark.parametrize(("run", "every", "wish"), [(1, 20, 30), (5, 15, 50), (20, 60, 30)])
def test_one_offs_leave_a_pace_that_can_be_lived_with(run: int, every: int, wish: int) -> None:
    """While they strike, most of what is wished for is had between them; and all of it after."""
    until = 240
    played = play(OneOffs(run, every, until), wish, until + 90)
    between = [played.pace(struck - 4, struck) for struck in range(every, until, every)]
    assert min(between) > 0.4 * wish
    assert played.pace(until + 60, until + 90) > 0.95 * wish


def test_even_hundreds_of_one_offs_are_forgotten_in_a_minute() -> None:
    played = play(OneOffs(20, 20, 200), 30, 280)
    assert played.pace(200, 220) > 0.5 * 30
    assert played.pace(250, 280) > 0.95 * 30


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
        assert rate.limit is None or LEAST <= rate.limit <= MOST
