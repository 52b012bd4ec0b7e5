"""Bodies that break off, viewers that leave, and what is held meanwhile."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from dataclasses import replace

import httpx
import pytest
from starlette.types import Message

from telpher.errors import TelegramError
from telpher.web.response import BrokenBodyError, FileResponse
from telpher.web.server import HttpServer
from tests.web.fakes import KEY, MOVIE, PATIENCE, REF, World, content
from tests.web.raw import wire

STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"
SIZE = MOVIE.size


async def gone(world: World, index: int = 0) -> None:
    """Returns once stream `index` is closed."""
    stream = await world.engine.stream(index)
    async with asyncio.timeout(PATIENCE):
        await stream.closed.wait()


async def test_a_stream_is_closed_when_all_is_sent(world: World, client: httpx.AsyncClient) -> None:
    await client.get(STREAM)
    await gone(world)


async def break_off(position: int) -> None:
    if position >= SIZE // 2:
        raise TelegramError("the chunk is lost")


async def test_a_client_library_sees_a_broken_body(
    world: World, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    world.engine.before_piece = break_off
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(STREAM)
    await gone(world)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == [], "said once, by us"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_what_came_before_the_break_is_right(
    world: World, server: HttpServer, version: str
) -> None:
    world.engine.before_piece = break_off
    async with wire(server.port) as connection:
        head = await connection.ask(STREAM, version=version)
        assert (head.status, head.headers["content-length"]) == (200, str(SIZE))
        got = await connection.rest()
    assert SIZE // 2 <= len(got) < SIZE
    assert got == content(0, len(got))


@pytest.mark.parametrize("short", [1, SIZE])
async def test_a_stream_that_ends_early_breaks_the_body(
    world: World, server: HttpServer, short: int
) -> None:
    world.engine.short = short
    async with wire(server.port) as connection:
        await connection.ask(STREAM)
        assert await connection.rest() == content(0, SIZE - short)


async def test_a_stream_that_is_too_long_is_cut(world: World, server: HttpServer) -> None:
    world.engine.short = -1
    async with wire(server.port) as connection:
        await connection.ask(STREAM, "Range: bytes=0-99999")
        assert len(await connection.rest()) <= 100_000
    await gone(world)


async def test_a_bug_in_mid_body_breaks_it_and_is_reported(
    world: World, server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug(position: int) -> None:
        if position:
            raise ZeroDivisionError

    world.engine.before_piece = bug
    async with wire(server.port) as connection:
        await connection.ask(STREAM)
        assert len(await connection.rest()) < SIZE
    await gone(world)
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


async def test_leaving_while_bytes_are_on_their_way_closes_the_stream(
    world: World, server: HttpServer
) -> None:
    async def never(position: int) -> None:
        if position >= SIZE // 2:
            await asyncio.Event().wait()

    world.engine.before_piece = never
    async with wire(server.port) as connection:
        await connection.ask(STREAM)
        await connection.read(SIZE // 2)
        connection.vanish()
        await gone(world)


async def test_leaving_before_the_first_byte_cancels_the_search(
    world: World, server: HttpServer
) -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    world.engine.before_open = never
    async with wire(server.port) as connection:
        connection.send(STREAM)
        async with asyncio.timeout(PATIENCE):
            await asked.wait()
            connection.vanish()
            await cancelled.wait()
    assert world.engine.streams == []


async def test_a_viewer_that_does_not_read_holds_the_stream_back(
    world: World, server: HttpServer
) -> None:
    world.engine.files[REF] = replace(MOVIE, size=1 << 30)
    furthest, far_too_far = 0, 64 << 20

    async def note(position: int) -> None:
        nonlocal furthest
        furthest = position

    world.engine.before_piece = note
    async with wire(server.port) as connection:
        await connection.ask(STREAM)
        await connection.read(1 << 20)
        before = -1
        while before < furthest < far_too_far:  # Until nothing moves for many turns of the loop.
            before = furthest
            for _ in range(100):
                await asyncio.sleep(0)
        assert furthest < far_too_far
        connection.vanish()
        await gone(world)


async def test_a_stalled_viewer_that_leaves_is_noticed(world: World, server: HttpServer) -> None:
    world.engine.files[REF] = replace(MOVIE, size=1 << 30)
    async with wire(server.port) as connection:
        await connection.ask(STREAM)
        connection.vanish()
        await gone(world)


async def test_http_1_0_closes_after_the_answer(server: HttpServer) -> None:
    async with wire(server.port) as connection:
        head = await connection.ask(STREAM, "Range: bytes=5-14", version="1.0")
        assert head.status == 206
        assert "transfer-encoding" not in head.headers
        assert await connection.rest() == content(5, 15)


async def test_one_connection_serves_many_ranges(world: World, server: HttpServer) -> None:
    async with wire(server.port) as connection:
        for start in (0, SIZE - 10, 48):
            head = await connection.ask(STREAM, f"Range: bytes={start}-{start + 9}")
            assert head.status == 206
            assert await connection.read(10) == content(start, start + 10)
        await connection.ask(STREAM, f"Range: bytes={SIZE}-")
        await connection.read(1)
    await gone(world, 2)


async def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    async with wire(server.port) as connection:
        connection.send(STREAM, "Range: bytes=0-9")
        connection.send(STREAM, "Range: bytes=10-19", "Connection: close")
        assert (await connection.head()).status == 206
        assert await connection.read(10) == content(0, 10)
        assert (await connection.head()).status == 206
        assert await connection.rest() == content(10, 20)


class Piece(bytearray):
    """A buffer whose life can be watched."""


class Watched:
    """A stream that knows how many of its pieces are still alive."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.alive = 0
        self.most_alive = 0
        self.closed = 0

    def __aiter__(self) -> Watched:
        return self

    async def __anext__(self) -> Piece:
        self.most_alive = max(self.most_alive, self.alive)
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        piece = Piece(b"x" * 10)
        self.alive += 1
        weakref.finalize(piece, self._dead)
        return piece

    def _dead(self) -> None:
        self.alive -= 1

    async def aclose(self) -> None:
        self.closed += 1


class Sink:
    """What a server would be told."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []

    async def send(self, message: Message) -> None:
        body = bytes(message.get("body", b""))
        self.messages.append((message["type"], body, message.get("more_body", True)))

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError


async def test_no_piece_is_held_while_the_next_is_awaited() -> None:
    stream, sink = Watched(50), Sink()
    gc.disable()
    try:
        await FileResponse(200, {}, stream, 500)({"type": "http"}, sink.receive, sink.send)
    finally:
        gc.enable()
    assert (stream.most_alive, stream.alive) == (0, 0)


async def test_the_stream_is_closed_before_the_last_message() -> None:
    stream, sink = Watched(2), Sink()
    answer = FileResponse(206, {"ETag": '"a"'}, stream, 20)
    closed: list[int] = []

    async def send(message: Message) -> None:
        closed.append(stream.closed)
        await sink.send(message)

    await answer({"type": "http"}, sink.receive, send)
    assert closed == [0, 0, 0, 1]
    assert [more for _, _, more in sink.messages] == [True, True, True, False]


async def test_an_incomplete_answer_is_never_ended() -> None:
    stream, sink = Watched(2), Sink()
    with pytest.raises(BrokenBodyError):
        await FileResponse(200, {}, stream, 30)({"type": "http"}, sink.receive, sink.send)
    assert all(more for _, _, more in sink.messages)
    assert stream.closed


async def test_a_stream_that_never_waits_leaves_the_loop_to_others() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    sink = Sink()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(other())
        await FileResponse(200, {}, Watched(50), 500)({"type": "http"}, sink.receive, sink.send)
        task.cancel()
    assert turns >= 50
