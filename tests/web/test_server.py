"""The server's own life: ports, options, draining."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from telpher.clock import FakeClock
from telpher.errors import SettingsError, TelegramError
from telpher.web.connection import Limits
from telpher.web.listening import STALLED_MS, UNSENT_BYTES
from telpher.web.server import HttpServer
from tests.web.fakes import KEY, MOVIE, PATIENCE, REF, World, content, serving
from tests.web.raw import Wire, wire

STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"


class Held:
    """An engine's pieces, from `at` on only once let go."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self.go = asyncio.Event()

    async def __call__(self, position: int) -> None:
        if position >= self._at:
            await self.go.wait()


async def test_a_taken_port_is_a_clear_mistake(server: HttpServer) -> None:
    with pytest.raises(SettingsError) as caught:
        await HttpServer(World().app(), FakeClock(), "127.0.0.1", server.port).start()
    [problem] = caught.value.problems
    assert problem.startswith(f"PORT: {server.port} is in use")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
async def test_an_address_of_another_machine_is_a_clear_mistake(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await HttpServer(World().app(), FakeClock(), host, 0).start()
    assert caught.value.problems[0].startswith(f"HOST: {host!r}")


async def test_a_server_that_never_started_closes() -> None:
    await HttpServer(World().app(), FakeClock(), "127.0.0.1", 0).close()


async def test_what_the_server_adds_to_an_answer(world: World, client: httpx.AsyncClient) -> None:
    headers = (await client.get("/")).headers
    assert headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert "server" not in headers


async def test_connections_inherit_the_options() -> None:
    found: list[int] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        for connection in running._state.connections:
            peer = connection.transport.get_extra_info("socket")
            found.append(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT))
            found.append(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            found.append(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(look) as running, wire(running.port) as connection:
        assert (await connection.ask("/")).status == 204
    assert found == [UNSENT_BYTES, STALLED_MS, 1]


async def test_draining_lets_a_stream_end(world: World, server: HttpServer) -> None:
    held = Held(MOVIE.size // 2)
    world.engine.before_piece = held
    async with wire(server.port) as idle, wire(server.port) as playing:
        await idle.ask("/")
        await playing.ask(STREAM)
        await playing.read(1000)
        async with asyncio.TaskGroup() as tasks:
            drained = tasks.create_task(server.drain(PATIENCE))
            await idle.rest()
            assert not drained.done(), "the stream is still going on"
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", server.port)
            held.go.set()
            assert await playing.rest() == content(1000, MOVIE.size)


async def test_draining_cuts_off_what_does_not_end(world: World, server: HttpServer) -> None:
    world.engine.before_piece = Held(MOVIE.size // 2)
    async with wire(server.port) as playing:
        await playing.ask(STREAM)
        await server.drain(0)
        assert len(await playing.rest()) < MOVIE.size
    assert (await world.engine.stream()).closed.is_set()


async def test_a_search_is_cut_off_too(world: World, server: HttpServer) -> None:
    asked = asyncio.Event()

    async def never() -> None:
        asked.set()
        await asyncio.Event().wait()

    world.engine.before_open = never
    async with wire(server.port) as waiting:
        waiting.send(STREAM)
        async with asyncio.timeout(PATIENCE):
            await asked.wait()
        await server.close()
        assert await waiting.rest() == b""


async def test_stopping_twice_is_once(server: HttpServer) -> None:
    server.stop_accepting()
    server.stop_accepting()
    await server.drain(PATIENCE)


async def test_a_request_does_not_see_the_context_of_the_one_before(
    client: httpx.AsyncClient,
) -> None:
    first, second = await client.get("/"), await client.get("/")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


# The same on uvloop, which is what runs in production.


async def _broken_body(world: World, port: int) -> None:
    async def break_off(position: int) -> None:
        if position >= MOVIE.size // 2:
            raise TelegramError("lost")

    world.engine.before_piece = break_off
    async with wire(port) as connection:
        await connection.ask(STREAM)
        got = await connection.rest()
        assert len(got) < MOVIE.size
        assert got == content(0, len(got))


async def _whole_body(_world: World, port: int) -> None:
    async with wire(port) as connection:
        await connection.ask(STREAM)
        assert await connection.read(MOVIE.size) == content(0, MOVIE.size)


async def _abandoned_body(world: World, port: int) -> None:
    world.engine.before_piece = Held(MOVIE.size // 2)
    async with wire(port) as connection:
        await connection.ask(STREAM)
        connection.vanish()
        stream = await world.engine.stream()
        async with asyncio.timeout(PATIENCE):
            await stream.closed.wait()


async def _sent_when_gone(_world: World, _port: int) -> None:
    """A body that the client does not read is not sent, however often the kernel took of it."""
    size = 16 << 20
    sent = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", str(size).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": bytes(size), "more_body": True})
        [connection] = running._state.connections
        left.append(connection.transport.get_write_buffer_size())
        sent.set()
        await send({"type": "http.response.body", "body": b""})

    left: list[int] = []
    async with serving(answer) as running, wire(running.port) as connection:
        await connection.ask("/")
        assert not sent.is_set()
        await connection.read(size)
        async with asyncio.timeout(PATIENCE):
            await sent.wait()
    assert left == [0]


async def _sent_to_nobody(_world: World, _port: int) -> None:
    sent = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(16 << 20), "more_body": True})
        sent.set()
        await send({"type": "http.response.body", "body": b""})

    async with serving(answer) as running, wire(running.port) as connection:
        await connection.ask("/")
        connection.vanish()
        async with asyncio.timeout(PATIENCE):
            await sent.wait()


@pytest.mark.parametrize(
    "scene", [_broken_body, _whole_body, _abandoned_body, _sent_when_gone, _sent_to_nobody]
)
def test_on_uvloop(scene: Callable[[World, int], Awaitable[None]]) -> None:
    async def play() -> None:
        world = World()
        async with serving(world.app()) as running:
            await scene(world, running.port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())


# The end, on both loops.


async def _comers_are_served(server: HttpServer) -> None:
    """One that was accepted and has said nothing, one whom only the kernel has let in."""
    async with wire(server.port) as accepted:
        while not server.connections:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0)
        waiting = socket.create_connection(("127.0.0.1", server.port))
        server.stop_accepting()
        reader, writer = await asyncio.open_connection(sock=waiting)
        for each in (accepted, Wire(reader, writer)):
            head = await each.ask("/health/live")
            assert (head.status, head.headers["connection"]) == (200, "close")
            assert len(await each.rest()) == int(head.headers["content-length"])
        writer.close()


async def _silent_comers_keep_nobody_waiting(server: HttpServer) -> None:
    async with wire(server.port) as silent, wire(server.port) as begun:
        begun.writer.write(b"GET / HT")
        await begun.writer.drain()
        while server.connections < 2:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0)
        await server.drain(PATIENCE)
        assert await silent.rest() == b""
        await begun.rest()


async def _comers_are_cut_off_when_there_is_no_time(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as waiting:
        await server.close()
        waiting.settimeout(PATIENCE)
        with suppress(ConnectionError):
            assert waiting.recv(1) == b""
    gc.collect()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize(
    "scene",
    [
        _comers_are_served,
        _silent_comers_keep_nobody_waiting,
        _comers_are_cut_off_when_there_is_no_time,
    ],
)
def test_at_the_end(
    scene: Callable[[HttpServer], Awaitable[None]],
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def play(limits: Limits) -> None:
        async with serving(World().app(), limits=limits) as running:
            await scene(running)

    hasty = scene is _silent_comers_keep_nobody_waiting
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(play(Limits(last_call=0.05 if hasty else PATIENCE)))
