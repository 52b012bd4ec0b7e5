"""What waits to be written: order, slices, and taking back what has not begun."""

import asyncio
import contextlib

import pytest
from telethon.tl import functions, types

from tests.tgfake.raw_client import raw_client
from tests.tgfake.small_world import TOKEN, SmallWorld, file_bytes, file_request, small_services
from tgfake.cluster import Cluster
from tgfake.network import Bottleneck, DelayLine, Shape
from tgfake.outbox import Outbox, Outgoing

SECONDS = 60
MIB = 1 << 20


class Wire:
    """Writes down what an outbox lets out."""

    def __init__(self, *rates: float) -> None:
        self.pieces: list[bytes] = []
        self.wasted = 0
        self.grown = asyncio.Event()
        self.rendered: list[str] = []
        line = DelayLine(lambda: 0.0)
        self.outbox = Outbox(self._write, line, [Bottleneck(r) for r in rates], self._waste)

    def _write(self, data: bytes | memoryview) -> None:
        self.pieces.append(bytes(data))
        self.grown.set()

    def _waste(self, size: int) -> None:
        self.wasted += size

    def message(self, name: str, size: int = 4) -> Outgoing:
        def render() -> bytes:
            self.rendered.append(name)
            return name.encode() * size

        return Outgoing(render, lambda: None)

    async def until(self, size: int) -> None:
        while sum(map(len, self.pieces)) < size:
            self.grown.clear()
            await self.grown.wait()


@contextlib.asynccontextmanager
async def pumped(wire: Wire):
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        pump = tasks.create_task(wire.outbox.pump())
        yield
        pump.cancel()


async def test_without_a_cap_it_writes_at_once():
    wire = Wire()
    for name in "abc":
        wire.outbox.post(wire.message(name))
    assert wire.pieces == [b"aaaa", b"bbbb", b"cccc"]


async def test_with_a_cap_large_messages_trickle():
    wire = Wire(4e6)
    async with pumped(wire):
        wire.outbox.post(wire.message("a", 300_000))
        wire.outbox.post(wire.message("b", 10))
        await wire.until(300_010)
    assert max(map(len, wire.pieces)) <= 65536
    assert b"".join(wire.pieces) == b"a" * 300_000 + b"b" * 10


async def test_nothing_is_rendered_before_its_turn():
    wire = Wire(1e6)
    async with pumped(wire):
        for name in "ab":
            wire.outbox.post(wire.message(name, 60_000))
        await wire.until(1)
        assert wire.rendered == ["a"]


async def test_what_has_not_begun_can_be_taken_back():
    wire = Wire(1e6)
    done = []
    async with pumped(wire):
        first, second, third = (wire.message(n, 40_000) for n in "abc")
        second.finish = lambda: done.append("b")
        for outgoing in (first, second, third):
            wire.outbox.post(outgoing)
        await wire.until(1)
        assert wire.outbox.withdraw(second)
        assert not wire.outbox.withdraw(second)
        assert not wire.outbox.withdraw(first)
        await wire.until(80_000)
    assert done == ["b"]
    assert wire.rendered == ["a", "c"]


async def test_bytes_that_nobody_wants_any_more_are_counted():
    wire = Wire(2e6)
    async with pumped(wire):
        outgoing = wire.message("a", 200_000)
        wire.outbox.post(outgoing)
        await wire.until(1)
        written = sum(map(len, wire.pieces))
        outgoing.unwanted = True
        await wire.until(200_000)
    assert wire.wasted == 200_000 - written


async def test_a_client_that_does_not_read_stops_the_writing():
    wire = Wire()
    async with pumped(wire):
        wire.outbox.pause()
        wire.outbox.post(wire.message("a"))
        await asyncio.sleep(0)
        assert wire.rendered == []
        wire.outbox.resume()
        await wire.until(4)


async def test_closing_completes_what_waits():
    wire = Wire(1e6)
    done = []
    outgoing = wire.message("a")
    outgoing.finish = lambda: done.append(1)
    wire.outbox.post(outgoing)
    wire.outbox.close()
    wire.outbox.close()
    assert done == [1]
    assert len(wire.outbox) == 0


# ---- the same over a connection: drops save bytes


@pytest.fixture
async def cluster():
    shape = Shape(bandwidth=4e6)
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=shape) as cluster,
    ):
        yield cluster


async def test_a_dropped_answer_in_the_queue_is_never_sent(cluster):
    async with raw_client(cluster, 2) as client:
        await client.log_in(TOKEN)
        sent = [client.send(file_request(n, limit=MIB)) for n in range(3)]
        await cluster.counters.wait(lambda c: c.bytes_served[2] == MIB)
        dropping = client.send(functions.RpcDropAnswerRequest(sent[1]))
        first = await client.result(sent[0])
        third = await client.result(sent[2])
        outcome = await client.result(dropping)
    assert first.bytes == file_bytes(0, 0, MIB)
    assert third.bytes == file_bytes(2, 0, MIB)
    assert isinstance(outcome, types.RpcAnswerDropped)
    assert outcome.bytes > MIB
    assert cluster.counters.dropped_queued == 1
    assert cluster.counters.bytes_after_drop == 0
    assert cluster.counters.in_flight == 0


async def test_a_drop_over_another_connection_of_the_session_finds_the_answer():
    slow = Shape(bandwidth=10e3)  # the first answer keeps the second waiting for seconds
    async with (
        asyncio.timeout(SECONDS),
        Cluster(SmallWorld(), services=small_services(), shape=slow) as cluster,
        raw_client(cluster, 2) as client,
        raw_client(cluster, 2, key=client.key) as other,
    ):
        await client.log_in(TOKEN)
        sent = [client.send(file_request(n)) for n in range(2)]
        await cluster.counters.wait(lambda c: c.bytes_served[1] > 0)
        other.session_id, other.content = client.session_id, client.content
        other.last_id = client.last_id
        outcome = await other.call(functions.RpcDropAnswerRequest(sent[1]))
        assert isinstance(outcome, types.RpcAnswerDropped)
        assert cluster.counters.in_flight == 1


async def test_a_drop_that_comes_too_late_is_counted(cluster):
    async with raw_client(cluster, 2) as client:
        await client.log_in(TOKEN)
        msg_id = client.send(file_request(1, limit=MIB))
        await cluster.counters.wait(lambda c: c.bytes_served[1] == MIB)
        size = await client.reader.readexactly(4)
        assert int.from_bytes(size, "little") > MIB
        client.send(functions.RpcDropAnswerRequest(msg_id))
        await cluster.counters.wait(lambda c: c.drops == 1)
        await cluster.counters.wait(lambda c: c.in_flight == 0)
    assert 0 < cluster.counters.bytes_after_drop < MIB
