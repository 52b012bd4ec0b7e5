"""The viewer tells what it was sent, from a server that sends what a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bench.viewer import Play, Wish, fetch, watch

from tgfake.content import expected_bytes

DOCUMENT = 77
SIZE = 300_000
SECONDS = 60


@contextlib.asynccontextmanager
async def server(body: bytes, length: int | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers every request with `body`, announced as `length` bytes, and closes."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        told = len(body) if length is None else length
        writer.write(b"HTTP/1.1 206 Partial Content\r\ncontent-LENGTH: %d\r\n\r\n" % told)
        with contextlib.suppress(ConnectionError):
            if not heads[-1].startswith(b"HEAD"):
                writer.write(body)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with asyncio.timeout(SECONDS), listener:
        yield listener.sockets[0].getsockname()[1], heads


async def test_a_whole_body_of_the_right_bytes():
    body = expected_bytes(DOCUMENT, 5, SIZE)
    seen: list[int] = []
    async with server(body) as (port, heads):
        wish = Wish(port, "/f?s=1", 5, 5 + SIZE, document=DOCUMENT, on_bytes=seen.append)
        play = await watch(wish)
    assert heads[0].startswith(b"GET /f?s=1 HTTP/1.1\r\n")
    assert f"Range: bytes=5-{4 + SIZE}\r\n".encode() in heads[0]
    assert (play.status, play.length, play.received, seen[-1]) == (206, SIZE, SIZE, SIZE)
    assert (play.whole, play.trouble) == (True, "")
    assert 0 < play.first_byte <= play.last_byte
    assert play.rate > 0


async def test_wrong_bytes_are_seen():
    body = bytearray(expected_bytes(DOCUMENT, 0, SIZE))
    body[SIZE - 1] ^= 1
    async with server(bytes(body)) as (port, _):
        play = await watch(Wish(port, "/", document=DOCUMENT))
    assert play.received == SIZE
    assert play.wrong_at is not None
    assert not play.whole


async def test_a_short_body_is_broken_off():
    async with server(bytes(1000), SIZE) as (port, _):
        play = await watch(Wish(port, "/"))
    assert (play.received, play.whole, play.trouble) == (1000, False, "closed before the end")


async def test_leaving_early_and_asking_for_the_head_alone():
    async with server(bytes(SIZE)) as (port, _):
        left = await watch(Wish(port, "/", take=100, buffer=100))
        head = await watch(Wish(port, "/", method="HEAD"))
    assert (100 <= left.received < SIZE, left.trouble) == (True, "")
    assert (head.length, head.received, head.trouble) == (SIZE, 0, "")


async def test_a_viewer_with_no_time():
    async with server(bytes(10), SIZE) as (port, _):
        play = await watch(Wish(port, "/", seconds=1e-9))
    assert isinstance(play, Play)
    assert not play.whole


async def test_a_paced_viewer_gets_everything():
    async with server(bytes(2000)) as (port, _):
        play = await watch(Wish(port, "/", pace=1e9, buffer=500))
    assert play.whole


async def test_nobody_listens():
    async with server(b"") as (port, _):
        pass
    assert (await watch(Wish(port, "/"))).trouble.startswith("not connected")


async def test_a_small_page():
    async with server(b"hello") as (port, _):
        assert await fetch(port, "/") == (206, b"hello")
