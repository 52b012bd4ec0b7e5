"""Seeks, departures and pauses: what nobody waits for any more is not fetched."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from telpher.clock import SystemClock
from tests.e2e.house import PATIENCE, Time, bytes_of, house
from tests.web.raw import Wire
from tgfake.faults import Fault, Kind
from tgfake.network import Shape

KIB = 1 << 10
MIB = 1 << 20


class Ahead(SystemClock):
    """A clock that a test moves on besides."""

    def __init__(self) -> None:
        self._by = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._by

    def advance(self, seconds: float) -> None:
        self._by += seconds


@contextlib.asynccontextmanager
async def player(home, url: str) -> AsyncIterator[Wire]:
    """One that is at the beginning of the body, with a receive buffer as small as may be."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * KIB)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", home.settings.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=16 * KIB)
    wire = Wire(reader, writer)
    parts = urlsplit(url)
    head = await wire.ask(f"{parts.path}?{parts.query}")
    assert head.status == 200
    try:
        yield wire
    finally:
        wire.vanish()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def pinned(home) -> int:
    """Bytes in memory that may not go, since they are being sent."""
    cache = home.app.engine._cache
    blocks = {slot for document in cache._documents.values() for slot in document.slots.values()}
    return sum(len(slot.data) for slot in blocks if getattr(slot, "pins", 0))


async def test_a_paused_player_holds_what_it_is_being_sent_and_nothing_else(tmp_path):
    clock = Ahead()
    async with house(tmp_path, time=Time(clock=clock)) as home:
        file = home.add_file(kind="video", size=16 * MIB, dc=4)
        url = await home.share(file)
        counters = home.cluster.counters
        assert await home.get(url, 0, 6 * MIB) == bytes_of(file, 0, 6 * MIB)
        silence = home.cluster.faults.add(Fault(Kind.SILENT, method="upload.getFile", times=None))
        async with player(home, url) as paused:
            received = await paused.read(3 * MIB)
            # It takes no more. What is ahead of it is there up to 6 MiB, and then under way.
            await counters.wait(lambda c: c.in_flight > 0, PATIENCE)
            drops = counters.drops
            clock.advance(10)
            await counters.wait(lambda c: c.in_flight == 0 and c.drops > drops, PATIENCE)
            home.cluster.faults.remove(silence)
            calls = counters.get_file_calls
            assert 0 < pinned(home) <= MIB
            assert home.app.engine.stats().active_streams == 1
            # Others are served meanwhile, and its own bytes are not asked for.
            other = home.add_file(size=2 * MIB, dc=4)
            assert await home.get(await home.share(other)) == bytes_of(other)
            own = counters.get_file_calls - calls - len(counters.served(other.id))
            assert own == 0
            received += await paused.read(file.size - len(received))
        assert received == bytes_of(file)


async def test_seeks_waste_at_most_what_is_on_its_way(tmp_path):
    """Each seek leaves in the middle of read-ahead; 20 ms away, 8 MB/s per connection."""
    shape = Shape(latency=0.02, bandwidth=8e6)
    async with house(tmp_path, shape=shape) as home:
        file = home.add_file(kind="video", size=512 * MIB, dc=4)
        url = await home.share(file)
        counters = home.cluster.counters
        chance = random.Random(7)
        await home.get(url, 0, 1)
        seeks, read = 20, 0
        for _ in range(seeks):
            start = chance.randrange(file.size - 16 * MIB)
            async with home.http.stream("GET", url, headers={"Range": f"bytes={start}-"}) as answer:
                pieces = answer.aiter_raw()
                piece = await anext(pieces)
                assert piece == bytes_of(file, start, start + len(piece))
                read += len(piece)
                await pieces.aclose()
        await counters.wait(lambda c: c.in_flight == 0, PATIENCE)
        # engine.md: rate x RTT of the play's connections, and 192 KiB.
        assert counters.bytes_after_drop <= seeks * (4 * 8e6 * 0.02 + 192 * KIB)
        assert home.served(file) <= read + seeks * 2 * MIB
        async with asyncio.timeout(PATIENCE):
            while home.app.engine.stats().active_streams:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0)


async def test_a_queue_of_requests_vanishes_with_its_player(tmp_path):
    """Telegram answers nothing: windows are full, the rest waits inside. Then the player goes."""
    async with house(tmp_path) as home:
        file = home.add_file(kind="video", size=64 * MIB, dc=4)
        url = await home.share(file)
        counters = home.cluster.counters
        assert await home.get(url, 0, 9 * MIB) == bytes_of(file, 0, 9 * MIB)
        home.cluster.faults.add(Fault(Kind.SILENT, method="upload.getFile", times=None))
        async with player(home, url) as leaving:
            await leaving.read(8 * MIB)
            await counters.wait(lambda c: c.in_flight > 0, PATIENCE)
        await counters.wait(lambda c: c.in_flight == 0 and c.drops > 0, PATIENCE)
        home.cluster.faults.clear()
        calls, served = counters.get_file_calls, len(counters.served(file.id))
        other = home.add_file(size=100 * KIB, dc=4)
        assert await home.get(await home.share(other)) == bytes_of(other)
        assert len(counters.served(file.id)) == served
        assert counters.get_file_calls - calls == len(counters.served(other.id))


async def test_who_comes_back_finds_its_seat_and_its_bytes(tmp_path):
    """Two seats are all that a MiB of memory has; who left one a moment ago keeps nobody out."""
    async with house(tmp_path, chunk_cache_mb=1) as home:
        file = home.add_file(kind="video", size=8 * MIB, dc=4)
        url = await home.share(file)
        for start in range(0, 4 * MIB, 512 * KIB):
            async with home.http.stream("GET", url, headers={"Range": f"bytes={start}-"}) as answer:
                assert answer.status_code == 206
                piece = await anext(answer.aiter_raw())
                assert piece == bytes_of(file, start, start + len(piece))
