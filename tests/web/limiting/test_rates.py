from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.errors import RateLimitedError
from telpher.web.limiting.rates import GENEROUS, Rates
from telpher.web.limiting.shared import OwnCounts


class Redis(OwnCounts):
    """Counts that others share, as far as anybody can tell."""

    closed = False

    async def close(self):
        self.closed = True


@pytest.fixture
def clock():
    return FakeClock()


async def refusal(limit, key):
    with pytest.raises(RateLimitedError) as caught:
        await limit.hit(key)
    return caught.value


async def test_a_refusal_says_when_to_come_back_and_by_what_limit(clock):
    rates = Rates(3, OwnCounts(clock))
    for _ in range(3):
        await rates.plays.hit("a")
    clock.advance(20)
    error = await refusal(rates.plays, "a")
    assert error.retry_after == 41
    assert error.headers == {
        "RateLimit-Policy": '"plays";q=3;w=60',
        "RateLimit": '"plays";r=0;t=100',
    }
    clock.advance(error.retry_after - 1.1)
    await refusal(rates.plays, "a")
    clock.advance(1.1)
    await rates.plays.hit("a")


async def test_a_look_counts_nothing(clock):
    rates = Rates(2, OwnCounts(clock))
    for _ in range(5):
        await rates.plays.room("a")
    assert (await rates.plays.headers("a"))["RateLimit"] == '"plays";r=2;t=0'
    await rates.plays.hit("a")
    await rates.plays.hit("a")
    with pytest.raises(RateLimitedError):
        await rates.plays.room("a")
    await rates.plays.room("b")


async def test_the_three_limits_do_not_meet(clock):
    rates = Rates(1, OwnCounts(clock))
    await rates.plays.hit("a")
    for _ in range(GENEROUS):
        await rates.requests.hit("a")
        await rates.ranges.hit("a")
    for limit in (rates.plays, rates.requests, rates.ranges):
        await refusal(limit, "a")


async def test_plays_are_counted_together_with_others_and_the_rest_is_not(clock):
    redis = Redis(clock)
    here, there = (Rates(1, OwnCounts(clock), redis) for _ in range(2))
    await here.plays.hit("a")
    await refusal(there.plays, "a")
    for _ in range(GENEROUS):
        await here.requests.hit("a")
        await here.ranges.hit("a")
    await there.requests.hit("a")
    await there.ranges.hit("a")
    await here.close()
    assert redis.closed
