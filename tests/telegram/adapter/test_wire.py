"""Requests over one connection: taken back, timed out, failed, never lost."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from telethon.network import MTProtoSender
from telethon.tl.functions import PingRequest
from telethon.tl.functions.help import GetConfigRequest, GetNearestDcRequest

from telpher.errors import ChunkTimeoutError, RequestRejectedError, TelegramUnavailableError
from telpher.telegram.adapter.network import Loggers, introduced, trust_keys
from telpher.telegram.adapter.wire import MOST_EXCHANGES, Wire, _cancellation_kept
from telpher.telegram.servers import DcAddress
from tests.telegram.adapter.stage import SECONDS, Stage
from tgfake.cluster import Cluster
from tgfake.faults import Fault, Kind


def without_a_key() -> MTProtoSender:
    """A sender that makes its key while connecting."""
    return MTProtoSender(None, loggers=Loggers(), retries=0, delay=0, auto_reconnect=False)


@contextlib.asynccontextmanager
async def wired(cluster: Cluster) -> AsyncIterator[Wire]:
    trust_keys(cluster.public_keys)
    wire = Wire(without_a_key())
    try:
        await wire.connect(address(cluster), SECONDS)
        hello = introduced(1, GetConfigRequest(), updates=False)
        assert (await wire.call(hello, SECONDS)).this_dc == 2
        yield wire
    finally:
        await wire.close()


def address(cluster: Cluster) -> DcAddress:
    where = cluster.address(2)
    return DcAddress(2, where.host, where.port)


async def test_what_is_still_queued_is_never_sent(stage: Stage) -> None:
    async with stage.cluster() as cluster, wired(cluster) as wire:
        call = wire.call(GetNearestDcRequest(), SECONDS)
        # One step by hand: the request is queued, and the sender's task has not run.
        call.send(None)
        with pytest.raises(asyncio.CancelledError):
            call.throw(asyncio.CancelledError())
        await wire.call(PingRequest(1), SECONDS)

        assert cluster.counters.calls["help.getNearestDc"] == 0
        assert cluster.counters.drops == 0


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_what_was_sent_is_dropped(stage: Stage, how: str) -> None:
    async with stage.cluster() as cluster, wired(cluster) as wire:
        cluster.faults.add(Fault(Kind.SILENT, method="help.getNearestDc"))
        patience = SECONDS if how == "cancelled" else 0.05
        call = asyncio.create_task(wire.call(GetNearestDcRequest(), patience))
        await cluster.counters.wait(lambda counters: counters.calls["help.getNearestDc"] == 1)
        if how == "cancelled":
            call.cancel()
        else:
            with pytest.raises(ChunkTimeoutError):
                await call
        await cluster.counters.wait(lambda counters: counters.drops == 1)

        assert wire.alive
        assert (await wire.call(GetNearestDcRequest(), SECONDS)).this_dc == 2


async def test_refusals_are_ours(stage: Stage) -> None:
    async with stage.cluster() as cluster, wired(cluster) as wire:
        fault = Fault(Kind.ERROR, method="help.getNearestDc", code=400, message="NO_IDEA")
        cluster.faults.add(fault)
        with pytest.raises(RequestRejectedError) as refused:
            await wire.call(GetNearestDcRequest(), SECONDS)

        assert (refused.value.name, refused.value.code) == ("NO_IDEA", 400)


async def test_a_lost_connection_fails_all_that_wait(stage: Stage) -> None:
    async with stage.cluster() as cluster, wired(cluster) as wire:
        cluster.faults.add(Fault(Kind.SILENT, method="help.getNearestDc", times=None))
        calls = [asyncio.create_task(wire.call(GetNearestDcRequest(), SECONDS)) for _ in range(3)]
        await cluster.counters.wait(lambda counters: counters.calls["help.getNearestDc"] == 3)
        cluster.disconnect()
        results = await asyncio.gather(*calls, return_exceptions=True)
        await wire.lost()

        assert [type(result) for result in results] == [TelegramUnavailableError] * 3
        assert not wire.alive
        with pytest.raises(TelegramUnavailableError):
            await wire.call(GetNearestDcRequest(), SECONDS)


async def test_closing_it_fails_all_that_wait(stage: Stage) -> None:
    async with stage.cluster() as cluster, wired(cluster) as wire:
        cluster.faults.add(Fault(Kind.SILENT, method="help.getNearestDc"))
        call = asyncio.create_task(wire.call(GetNearestDcRequest(), SECONDS))
        await cluster.counters.wait(lambda counters: counters.calls["help.getNearestDc"] == 1)
        await wire.close()
        with pytest.raises(TelegramUnavailableError):
            await call
        await wire.close()
        await cluster.counters.wait(lambda counters: counters.connections_open == 0)


async def test_where_nobody_listens(stage: Stage) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = DcAddress(2, "127.0.0.1", probe.getsockname()[1])
        wire = Wire(without_a_key())
        with pytest.raises(TelegramUnavailableError):
            await wire.connect(nowhere, SECONDS)

    assert not wire.alive
    with pytest.raises(TelegramUnavailableError):
        await wire.call(GetNearestDcRequest(), SECONDS)
    await wire.close()


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_a_server_that_accepts_and_says_nothing(how: str) -> None:
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepted.put(writer)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        wire = Wire(without_a_key())
        patience = SECONDS if how == "cancelled" else 0.2
        connecting = asyncio.create_task(wire.connect(DcAddress(2, "127.0.0.1", port), patience))
        writer = await accepted.get()
        if how == "cancelled":
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
        else:
            with pytest.raises(TelegramUnavailableError):
                await connecting
        assert not wire.alive
        writer.close()
        await writer.wait_closed()


async def test_a_key_exchange_that_fails_is_tried_again_a_few_times() -> None:
    """The library fails one in 256 by itself."""
    accepted = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        await reader.read(1)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        wire = Wire(without_a_key())
        with pytest.raises(TelegramUnavailableError):
            await wire.connect(DcAddress(2, "127.0.0.1", port), SECONDS)

    assert accepted == MOST_EXCHANGES
    assert not wire.alive


async def test_a_cancellation_while_closing_is_not_lost(stage: Stage) -> None:
    """The library swallows it; a task that lived on would keep telpher from stopping."""
    async with stage.cluster() as cluster, wired(cluster) as wire:
        closing = asyncio.create_task(wire.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing


async def test_a_cancellation_is_kept_where_the_library_makes_another_error_of_it() -> None:
    async def connecting() -> None:
        with _cancellation_kept():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionError from None

    task = asyncio.create_task(connecting())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
