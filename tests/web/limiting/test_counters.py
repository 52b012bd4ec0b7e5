from __future__ import annotations

import pytest
from limits import RateLimitItemPerMinute
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from telpher.clock import FakeClock
from telpher.web.limiting.counters import MOST_COMMON, MOST_MARKED, BoundedCounters

ITEM = RateLimitItemPerMinute(4)


class Desk:
    """The library's strategy on small counters."""

    def __init__(self, most_common=10, most_marked=5):
        self.clock = FakeClock()
        self.counters = BoundedCounters(self.clock, most_common, most_marked)
        self.limiter = SlidingWindowCounterRateLimiter(self.counters)

    async def hit(self, key, times=1):
        return [await self.limiter.hit(ITEM, key) for _ in range(times)]

    async def used(self, key):
        return ITEM.amount - (await self.limiter.get_window_stats(ITEM, key)).remaining


async def test_so_many_hits_within_a_minute_and_no_more():
    desk = Desk()
    assert await desk.hit("a", 6) == [True] * 4 + [False] * 2
    assert await desk.hit("b") == [True]
    assert not await desk.limiter.test(ITEM, "a")
    assert await desk.limiter.test(ITEM, "b")


async def test_what_is_refused_is_not_counted_so_waiting_helps():
    desk = Desk()
    await desk.hit("a", 400)
    desk.clock.advance(60 + 8)
    assert await desk.hit("a", 2) == [True, False]
    desk.clock.advance(120)
    assert await desk.hit("a", 5) == [True] * 4 + [False]


async def test_a_cost_above_what_is_left_is_refused_as_a_whole():
    desk = Desk()
    assert await desk.limiter.hit(ITEM, "a", cost=3)
    assert not await desk.limiter.hit(ITEM, "a", cost=2)
    assert await desk.limiter.hit(ITEM, "a", cost=1)


async def test_a_flood_of_addresses_takes_no_more_than_its_places():
    desk = Desk(most_common=1000, most_marked=500)
    for number in range(20_000):
        await desk.hit(f"flood {number}")
    assert len(desk.counters) == 1000


@pytest.mark.slow
async def test_a_million_addresses_take_no_more_than_their_places():
    desk = Desk(MOST_COMMON, MOST_MARKED)
    await desk.hit("limited", 5)
    for number in range(1_000_000):
        await desk.hit(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64")
    assert len(desk.counters) == MOST_COMMON + 1
    assert await desk.hit("limited") == [False]


async def test_a_flood_does_not_make_one_forgotten_who_is_limited():
    desk = Desk()
    assert (await desk.hit("limited", 5))[-1] is False
    await desk.hit("quiet")
    for number in range(1000):
        await desk.hit(f"flood {number}")
    assert await desk.hit("limited") == [False]
    assert await desk.used("quiet") == 0


async def test_to_be_forgotten_costs_half_a_limit_from_each_of_many_addresses():
    desk = Desk(most_common=3, most_marked=5)
    await desk.hit("limited", 4)
    for number in range(5):
        await desk.hit(f"spent {number}", 2)
    assert await desk.used("limited") == 4  # the oldest of the marked is the newest of the others
    for number in range(3):
        await desk.hit(f"once {number}")
    assert await desk.used("limited") == 0


async def test_one_who_hits_again_is_forgotten_later():
    desk = Desk(most_common=3)
    await desk.hit("a")
    await desk.hit("b")
    desk.clock.advance(70)
    await desk.hit("a")  # the hit of a minute ago counts little: it is not marked
    await desk.hit("c")
    await desk.hit("d")
    assert [await desk.used(key) for key in "abcd"] == [1, 0, 1, 1]


async def test_what_is_cleared_begins_anew():
    desk = Desk()
    await desk.hit("a", 4)
    await desk.limiter.clear(ITEM, "a")
    assert await desk.used("a") == 0
    await desk.hit("b", 4)
    assert await desk.counters.reset() == 1
    assert len(desk.counters) == 0
    assert await desk.counters.check()


async def test_fixed_windows_are_not_kept():
    counters = Desk().counters
    for asked in (counters.incr("a", 60), counters.get("a"), counters.get_expiry("a")):
        with pytest.raises(NotImplementedError):
            await asked
