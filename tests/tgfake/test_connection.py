"""One connection: any event loop, and clients that do not read."""

import asyncio

import pytest
import uvloop
from telethon.tl import functions, types
from telethon.tl.core import RpcResult

from tests.tgfake.raw_client import new_key, raw_client
from tests.tgfake.small_world import TOKEN, SmallWorld, file_bytes, file_request, small_services
from tgfake.cluster import Cluster
from tgfake.faults import Fault, Kind
from tgfake.network import Shape

SECONDS = 60
PART = 64 * 1024
SMALL = 16 * 1024
REQUESTS = 6000
"""More than asyncio reads at once (256 KiB), twice over, with answers that no buffers hold."""


async def a_short_life(shape: Shape) -> None:
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=shape) as cluster,
    ):
        key = new_key(cluster, 2)
        async with raw_client(cluster, 2, key=key) as client:
            await client.log_in(TOKEN)
            assert (await client.call(file_request(1))).bytes == file_bytes(1, 0, PART)
            cluster.faults.add(Fault(Kind.RESET))
            client.send(file_request(1))
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await client.packet()
        async with raw_client(cluster, 2, key=key) as client:
            assert (await client.call(file_request(1))).bytes == file_bytes(1, 0, PART)


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(latency=0.01, jitter=0.01, bandwidth=8e6, accept_delay=0.01)]
)
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_every_event_loop(loop, shape):
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(a_short_life(shape))


@pytest.mark.slow
async def test_a_client_that_does_not_read_is_not_read_from():
    """Answers pile up to a bound, then requests wait in the socket; none is lost."""
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services()) as cluster,
        raw_client(cluster, 2) as client,
    ):
        await client.log_in(TOKEN)
        sent = [client.send(file_request(1, n * SMALL, SMALL)) for n in range(REQUESTS)]
        server = cluster.connections[0]
        await cluster.counters.wait(lambda c: not server._reading)
        assert cluster.counters.get_file_calls < REQUESTS
        got = {(await client.next(RpcResult))[1].req_msg_id for _ in sent}
        assert got == set(sent)


async def test_padding_of_the_transport_is_cut():
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services()) as cluster,
        raw_client(cluster, 2) as client,
    ):
        whole = client.write_frame
        client.write_frame = lambda packet: whole(packet + b"x" * 15)
        client.send(functions.PingRequest(5), content=False)
        assert (await client.next(types.Pong))[1].ping_id == 5
