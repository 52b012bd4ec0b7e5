"""Delay lines and bandwidth queues: order and arithmetic, never how long it really took."""

import asyncio

import pytest

from tests.tgfake.raw_client import raw_client
from tests.tgfake.small_world import TOKEN, SmallWorld, file_bytes, file_request, small_services
from tgfake.cluster import Cluster
from tgfake.network import Bottleneck, DelayLine, Shape

SECONDS = 60


def test_a_lane_is_a_queue():
    bottleneck = Bottleneck(1000)
    waits = [bottleneck.reserve(100, now=50.0) for _ in range(3)]
    assert waits == pytest.approx([0.1, 0.2, 0.3], abs=0.006)
    assert bottleneck.reserve(100, now=60.0) == pytest.approx(0.1, abs=0.006)


def test_a_lane_makes_up_for_late_wakers():
    """Asking a little too late must not lower the rate: the sum stays what the link can carry."""
    bottleneck, now = Bottleneck(1000), 50.0
    for _ in range(100):
        now += bottleneck.reserve(100, now) + 0.004
    assert now - 50.0 == pytest.approx(10, rel=0.02)


async def test_a_delay_line_keeps_order_whatever_the_delays():
    delays = iter([0.02, 0.0, 0.01, 0.0])
    out: list[int] = []
    done = asyncio.Event()
    line = DelayLine(lambda: next(delays))
    for n in range(4):
        line.push(lambda n=n: out.append(n) or (n == 3 and done.set()))
    assert out == []
    await done.wait()
    assert out == [0, 1, 2, 3]


async def test_a_delay_line_without_delay_acts_at_once():
    out: list[int] = []
    DelayLine(lambda: 0.0).push(lambda: out.append(1))
    assert out == [1]


async def test_what_is_inside_shares_the_delay():
    """Pipelining: a hundred items of 0.05 s are out after one delay, not after a hundred."""
    loop = asyncio.get_running_loop()
    line, dues, done = DelayLine(lambda: 0.05), [], asyncio.Event()
    start = loop.time()
    for n in range(100):
        line.push(lambda n=n: n == 99 and done.set())
        dues.append(line._last_due - start)
    assert max(dues) < 2.5
    await done.wait()


async def test_a_closed_line_lets_nothing_out():
    out: list[int] = []
    line = DelayLine(lambda: 0.001)
    line.push(lambda: out.append(1))
    line.close()
    other, done = DelayLine(lambda: 0.01), asyncio.Event()
    other.push(done.set)
    await done.wait()
    assert out == []


async def test_half_of_the_round_trip_each_way():
    shape = Shape(latency=0.08, jitter=0.02)

    class Chance:
        def random(self):
            return 0.5

    assert shape.one_way(Chance()) == pytest.approx(0.045)
    assert Shape(bandwidth=1e6).delays is False


async def test_a_round_trip_takes_the_latency():
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=Shape(latency=0.1)) as cluster,
        raw_client(cluster, 2) as client,
    ):
        loop = asyncio.get_running_loop()
        start = loop.time()
        await client.log_in(TOKEN)
        assert loop.time() - start > 0.098  # a lower bound holds on any machine
        sent = [client.send(file_request(5, n * 65536)) for n in range(8)]
        for n, msg_id in enumerate(sent):
            assert (await client.result(msg_id)).bytes == file_bytes(5, n * 65536, 65536)


@pytest.mark.parametrize("shape", [Shape(bandwidth=4e6), Shape(dc_bandwidth=4e6)])
async def test_a_cap_holds(shape):
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=shape) as cluster,
        raw_client(cluster, 2) as client,
    ):
        await client.log_in(TOKEN)
        loop = asyncio.get_running_loop()
        start = loop.time()
        found = await client.call(file_request(5, limit=1 << 20))
        assert len(found.bytes) == 1 << 20
        assert loop.time() - start > (1 << 20) / 4e6 - 0.02


async def test_one_data_centre_shares_its_cap():
    shape = Shape(dc_bandwidth=4e6)
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=shape) as cluster,
        raw_client(cluster, 2) as one,
        raw_client(cluster, 2) as two,
    ):
        for client in (one, two):
            await client.log_in(TOKEN)
        loop = asyncio.get_running_loop()
        start = loop.time()
        sent = [c.send(file_request(5, limit=1 << 19)) for c in (one, two)]
        for client, msg_id in zip((one, two), sent, strict=True):
            await client.result(msg_id)
        assert loop.time() - start > (1 << 20) / 4e6 - 0.02


async def test_an_accept_delay_holds_back_the_first_answer():
    shape = Shape(accept_delay=0.1)
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=shape) as cluster,
    ):
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with raw_client(cluster, 2) as client:
            await client.log_in(TOKEN)
        assert loop.time() - start > 0.098
