"""Connections that make their key; adapter/test_connector has it with a server that can."""

import asyncio
import contextlib
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from telpher.clock import SystemClock
from telpher.errors import TelegramUnavailableError, ThrottledError
from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.decryption import Decryptor
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.mtproto.framing import TAG, wrap
from telpher.telegram.mtproto.handshake import connect_anew
from telpher.telegram.mtproto.kit import Kit, Traffic
from telpher.telegram.mtproto.session import ServerTime
from tests.telegram.mtproto.server import SECONDS

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def kit() -> Kit:
    return Kit(ServerTime(SystemClock()), Frames(), Decryptor(0), Traffic())


@contextlib.asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """The port of a server that does this with each connection."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def shake(port: int, within: float = SECONDS) -> None:
    _, connection = await connect_anew("127.0.0.1", port, lambda *_: None, kit(), within)
    await connection.close()


async def first_request(reader: asyncio.StreamReader) -> bytes:
    assert await reader.readexactly(4) == TAG
    size = int.from_bytes(await reader.readexactly(4), "little")
    return await reader.readexactly(size)


async def test_it_begins_with_a_plain_message() -> None:
    heard = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await first_request(reader))

    async with serving(serve) as port:
        with pytest.raises(TelegramUnavailableError):
            await shake(port)

    key_id, msg_id, size, kind = struct.unpack_from("<qqiI", heard[0])
    assert (key_id, msg_id % 4, size, kind) == (0, 0, 20, schema.REQ_PQ_MULTI)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (wrap(struct.pack("<i", -404)), TelegramUnavailableError),
        (wrap(struct.pack("<i", -429)), ThrottledError),
        (wrap(struct.pack("<i", -444)), TelegramUnavailableError),
        (wrap(bytes(8)), TelegramUnavailableError),
        (wrap(b"\x01" + bytes(60)), TelegramUnavailableError),
        (wrap(struct.pack("<qqi", 0, 1, 1000) + bytes(20)), TelegramUnavailableError),
        (wrap(struct.pack("<qqi", 0, 1, 20) + bytes(20)), TelegramUnavailableError),
        ((1 << 20).to_bytes(4, "little"), TelegramUnavailableError),
        (b"", TelegramUnavailableError),
    ],
)
async def test_a_server_that_makes_no_key(answer: bytes, error: type[Exception]) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await first_request(reader)
        writer.write(answer)
        if not answer:
            writer.write_eof()
        await reader.read()
        ended.set()

    async with serving(serve) as port, asyncio.timeout(SECONDS):
        with pytest.raises(error):
            await shake(port)
        await ended.wait()


async def test_a_server_that_says_nothing() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    async with serving(serve) as port, asyncio.timeout(SECONDS):
        with pytest.raises(TelegramUnavailableError, match="TimeoutError"):
            await shake(port, 0.05)
        await ended.wait()


async def test_cancelled_it_leaves_nothing_open() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await first_request(reader)
        began.set()
        await reader.read()
        ended.set()

    async with serving(serve) as port, asyncio.timeout(SECONDS):
        shaking = asyncio.create_task(shake(port))
        await began.wait()
        shaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shaking
        await ended.wait()


def test_a_connection_that_is_lost_while_its_next_word_is_computed() -> None:
    """On uvloop, whose transports raise RuntimeError when they are written to behind their end."""
    lost = threading.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = (await first_request(reader))[-16:]
        pq = schema.serialised((15).to_bytes(1))
        answer = struct.pack("<I", schema.RES_PQ) + nonce + bytes(16) + pq
        answer += struct.pack("<Iiq", schema.VECTOR, 1, 1)
        writer.write(wrap(struct.pack("<qqi", 0, 1, len(answer)) + answer))
        writer.write_eof()
        await reader.read()  # until the other side has closed as well
        lost.set()

    def encrypt(fingerprint: int, data: bytes) -> bytes:
        assert lost.wait(SECONDS)
        return bytes(256)

    async def scenario() -> None:
        async with serving(serve) as port:
            with pytest.raises(TelegramUnavailableError, match="closed the connection"):
                await connect_anew("127.0.0.1", port, encrypt, kit(), SECONDS)

    uvloop.run(scenario())


async def test_nobody_there() -> None:
    async with serving(lambda *_: asyncio.sleep(0)) as port:
        pass
    with pytest.raises(TelegramUnavailableError):
        await shake(port)
