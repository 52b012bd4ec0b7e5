"""One upstream fetch for many viewers, and none for those who have left."""

from __future__ import annotations

import asyncio

from tests.e2e.house import bytes_of, house
from tgfake.network import Shape

MIB = 1 << 20


async def test_twenty_viewers_cost_the_upstream_bytes_of_one(home):
    file = home.add_file(kind="video", size=24 * MIB + 5, dc=3)
    url = await home.share(file)
    expected = bytes_of(file)
    bodies = await asyncio.gather(*(home.get(url) for _ in range(20)))
    assert all(body == expected for body in bodies)
    assert home.served(file) == file.size


async def test_the_same_range_twice_at_once_is_one_fetch(home):
    file = home.add_file(kind="video", size=24 * MIB, dc=3)
    url = await home.share(file)
    tail = file.size - 300_000
    await asyncio.gather(*(home.get(url, tail, file.size) for _ in range(2)))
    assert len(set(home.cluster.counters.served(file.id))) == home.cluster.counters.get_file_calls


async def test_an_abandoned_request_stops_upstream_within_one_chunk(tmp_path):
    """The reader goes after the first bytes: what was asked for is dropped, nothing follows."""
    slow = Shape(latency=0.05, bandwidth=4 * MIB)
    async with house(tmp_path, shape=slow) as home:
        file = home.add_file(kind="video", size=64 * MIB, dc=3)
        url = await home.share(file)
        counters = home.cluster.counters
        async with home.http.stream("GET", url) as answer:
            assert answer.status_code == 200
            body = answer.aiter_raw()
            received = await anext(body)
            assert received == bytes_of(file, 0, len(received))
            await counters.wait(lambda c: c.in_flight > 0)
            await body.aclose()
        await counters.wait(lambda c: c.in_flight == 0 and c.drops > 0)
        assert home.app.engine.stats().active_streams == 0
        calls, served = counters.get_file_calls, home.served(file)
        assert served < 4 * MIB
        # Another request goes the whole way and back: had more been asked for, it would be seen.
        other = home.add_file(size=1000, dc=3)
        await home.get(await home.share(other))
        assert counters.get_file_calls == calls + 1
        assert home.served(file) == served
        assert counters.bytes_after_drop <= MIB
