"""Counting, and waiting for a count."""

import asyncio

import pytest
from telethon.tl import functions

from tests.tgfake.raw_client import raw_client
from tests.tgfake.small_world import SLOW, TOKEN, SmallWorld, file_request, small_services
from tgfake.cluster import Cluster
from tgfake.counters import Counters, Served

SECONDS = 30


async def test_waiting_ends_with_the_change_that_fulfils_it():
    counters = Counters()
    async with asyncio.TaskGroup() as tasks:
        waiter = tasks.create_task(counters.wait(lambda c: c.messages[-100] == 2))
        await asyncio.sleep(0)
        counters.message_sent(-100)
        await asyncio.sleep(0)
        assert not waiter.done()
        counters.message_sent(-100)
    assert waiter.done()
    assert not counters._waiters


async def test_waiting_for_what_is_so_already():
    await Counters().wait(lambda c: c.drops == 0)


async def test_waiting_gives_up():
    counters = Counters()
    with pytest.raises(TimeoutError):
        await counters.wait(lambda c: c.drops == 1, seconds=0)
    assert not counters._waiters


def test_ranges_are_kept_by_document():
    counters = Counters()
    counters.file_served(Served(1, 0, 10, dc=2, connection=1))
    counters.file_served(Served(2, 0, 10, dc=2, connection=1))
    counters.file_served(Served(1, 10, 5, dc=2, connection=1))
    assert counters.served(1) == [(0, 10), (10, 5)]
    assert counters.bytes_served == {1: 15, 2: 10}


async def test_what_a_client_does_is_counted():
    world = SmallWorld()
    async with (
        asyncio.timeout(SECONDS),
        Cluster(world, services=small_services()) as cluster,
        raw_client(cluster, 2) as client,
        raw_client(cluster, 4),
    ):
        counters = cluster.counters
        await counters.wait(lambda c: c.connections_open == 2)
        assert counters.connections_by_dc == {2: 1, 4: 1}
        await client.log_in(TOKEN)
        sent = [client.send(file_request(5, n * 4096, 4096)) for n in range(3)]
        for msg_id in sent:
            await client.result(msg_id)
        assert counters.get_file_calls == 3
        assert counters.served(5) == [(0, 4096), (4096, 4096), (8192, 4096)]
        assert counters.in_flight == 0
        assert counters.most_in_flight_by_connection == {1: counters.most_in_flight}
        assert 1 <= counters.most_in_flight <= 3
        client.send(functions.RpcDropAnswerRequest(client.send(SLOW)))
        await counters.wait(lambda c: c.drops == 1)
        assert counters.logins == 1
        cluster.disconnect(4)
        await counters.wait(lambda c: c.open_by_dc[4] == 0)
        assert (counters.connections_open, counters.connections_total) == (1, 2)
