"""Keys and connections for files, by hand on a real cluster."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from telethon.tl.functions.help import GetConfigRequest
from telethon.tl.functions.messages import GetMessagesRequest
from telethon.tl.types import InputMessageID

from telpher.clock import SystemClock
from telpher.core.model import Location
from telpher.errors import (
    AuthorisationLostError,
    RequestRejectedError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.adapter.connector import FileConnector
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.adapter.media import FileConnection
from telpher.telegram.adapter.network import introduced, trust_keys
from telpher.telegram.servers import DcAddress
from telpher.telegram.timing import Timing
from tests.telegram.adapter.stage import SECONDS, TOKEN, Stage, servers
from tgfake.cluster import Cluster, Layout
from tgfake.faults import Fault, Kind
from tgfake.world.files import File

HOME = 2
MIB = 1 << 20


class ShiftedClock:
    """The machine's clock, wrong by some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._clock = SystemClock()

    def now(self) -> float:
        return self._clock.now() + self._seconds

    def monotonic(self) -> float:
        return self._clock.monotonic()


@dataclass
class Scene:
    """A cluster, a connector, and a file that Ann has sent the bot."""

    cluster: Cluster
    connector: FileConnector
    address: DcAddress
    file: File

    async def logged_in(self) -> tuple[bytes, FileConnection]:
        """A new key, logged in with the bot's token, and the connection that did it."""
        key, opened = await self.connector.open_anew(self.address)
        login = Credentials(1, "hash", TOKEN).login()
        await opened.call(introduced(1, login, updates=False))
        return key, opened

    async def location(self, opened: FileConnection) -> Location:
        answer = await opened.call(GetMessagesRequest([InputMessageID(1)]))
        found = found_file(answer.messages[0], account=1)
        assert found is not None
        return found.location


@contextlib.asynccontextmanager
async def scene(
    stage: Stage, *, shift: float = 0, media: bool = False, **layout: object
) -> AsyncIterator[Scene]:
    chosen = Layout(media_dcs=(HOME,) if media else (), **layout)
    async with (
        asyncio.timeout(SECONDS),
        Cluster(stage.world, layout=chosen, clock=ShiftedClock(shift)) as cluster,
    ):
        where = servers(cluster)
        trust_keys(where.public_keys)
        address = next(each for each in where.dcs if each.id == HOME and each.media_only is media)
        connector = FileConnector(SystemClock(), Timing())
        yield Scene(cluster, connector, address, await stage.send_document(size=8 * MIB, dc=HOME))
        connector.close()


async def test_chunks_are_read_only_views(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        for offset, limit in ((0, 4096), (65536, 65536), (MIB, MIB)):
            data = await opened.get_chunk(location, offset, limit, SECONDS)
            assert isinstance(data, memoryview)
            assert data.readonly
            assert data == each.file.source.read(offset, limit)
        await opened.close()
        assert data == each.file.source.read(MIB, MIB)
        assert each.connector.traffic.received > MIB + 65536


async def test_past_the_end_there_is_nothing(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        assert await opened.get_chunk(location, 8 * MIB, 65536, SECONDS) == b""
        await opened.close()


async def test_a_new_key_is_used_on_the_connection_that_it_was_made_on(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        counters = each.cluster.counters
        assert (counters.keys_made, counters.connections_open) == (1, 1)
        await opened.close()
        await counters.wait(lambda counters: counters.connections_open == 0)


async def test_several_connections_of_one_key_to_a_media_address(stage: Stage) -> None:
    async with scene(stage, media=True) as each:
        key, first = await each.logged_in()
        second = await each.connector.open(each.address, key)
        await second.call(introduced(1, GetConfigRequest(), updates=False))
        location = await each.location(first)
        chunks = [
            opened.get_chunk(location, number * MIB, MIB, SECONDS)
            for number, opened in enumerate((first, second))
        ]
        for number, data in enumerate(await asyncio.gather(*chunks)):
            assert data == each.file.source.read(number * MIB, MIB)
        await first.close()
        await second.close()
        assert each.cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_a_key_that_nobody_knows(stage: Stage) -> None:
    async with scene(stage) as each:
        opened = await each.connector.open(each.address, os.urandom(256))
        with pytest.raises(AuthorisationLostError):
            await opened.call(introduced(1, GetConfigRequest(), updates=False))
        assert not opened.alive
        await opened.close()


async def test_too_many_connections_are_told_apart(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        each.cluster.faults.add(Fault(Kind.TOO_MANY, method="upload.getFile"))
        with pytest.raises(ThrottledError):
            await opened.get_chunk(location, 0, 65536, SECONDS)
        await opened.close()


async def test_a_refused_request(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        with pytest.raises(RequestRejectedError, match="LIMIT_INVALID"):
            await opened.get_chunk(location, 0, 5000, SECONDS)
        assert opened.alive
        await opened.close()


@pytest.mark.parametrize("shift", [-1000, -100, 100, 1000])
async def test_a_clock_that_is_wrong(stage: Stage, shift: float) -> None:
    """By more than a message may be early, less than it may be late, and beyond both."""
    async with scene(stage, shift=shift) as each:
        key, opened = await each.logged_in()
        await opened.close()
        # The key is kept; what was learned of the time is not.
        fresh = FileConnector(SystemClock(), Timing())
        opened = await fresh.open(each.address, key)
        await opened.call(introduced(1, GetConfigRequest(), updates=False))
        location = await each.location(opened)
        data = await opened.get_chunk(location, 0, 65536, SECONDS)
        assert data == each.file.source.read(0, 65536)
        await opened.close()
        fresh.close()


async def test_an_urgent_chunk_comes_first(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        async with asyncio.TaskGroup() as group:
            group.create_task(opened.get_chunk(location, MIB, MIB, SECONDS))
            group.create_task(opened.get_chunk(location, 0, 65536, SECONDS, urgent=True))
        ranges = each.cluster.counters.served(each.file.id)
        assert ranges == [(0, 65536), (MIB, MIB)]
        await opened.close()


async def test_dropped_chunks_are_never_sent(stage: Stage) -> None:
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        each.cluster.faults.add(Fault(Kind.SILENT, document=each.file.id, times=4))
        chunks = [
            asyncio.create_task(opened.get_chunk(location, number * MIB, MIB, SECONDS))
            for number in range(4)
        ]
        await each.cluster.counters.wait(lambda counters: counters.in_flight == 4)
        for chunk in chunks:
            chunk.cancel()
        await each.cluster.counters.wait(lambda counters: counters.dropped_running == 4)
        assert each.cluster.counters.in_flight == 0
        assert await opened.get_chunk(location, 0, 65536, SECONDS)
        assert each.connector.traffic.wasted == 0
        await opened.close()


async def test_nobody_there(stage: Stage) -> None:
    async with scene(stage) as each:
        gone = each.address
    with pytest.raises(TelegramUnavailableError):
        await FileConnector(SystemClock(), Timing()).open(gone, bytes(256))
    with pytest.raises(TelegramUnavailableError):
        await FileConnector(SystemClock(), Timing()).open_anew(gone)


@contextlib.asynccontextmanager
async def closing_after(answers: int, address: DcAddress) -> AsyncIterator[DcAddress]:
    """Another way to `address`, which ends with that answer."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(address.host, address.port)
        sending = asyncio.create_task(pass_on(reader, back))
        for _ in range(answers):
            size = await there.readexactly(4)
            writer.write(size + await there.readexactly(int.from_bytes(size, "little")))
        writer.close()
        await sending
        back.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield replace(address, port=server.sockets[0].getsockname()[1])


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)


async def test_a_connection_that_is_lost_with_the_last_word_of_its_exchange(stage: Stage) -> None:
    """The key is good; who uses the connection hears that it is lost."""
    async with scene(stage) as each, closing_after(3, each.address) as address:
        _, opened = await each.connector.open_anew(address)
        with pytest.raises(TelegramUnavailableError):
            await opened.call(GetConfigRequest())
        await opened.close()


async def test_closing_ends_the_threads(stage: Stage) -> None:
    before = threading.active_count()
    async with scene(stage) as each:
        _, opened = await each.logged_in()
        location = await each.location(opened)
        await opened.get_chunk(location, 0, MIB, SECONDS)
        await opened.close()
    assert threading.active_count() <= before
