"""Who sends slowly, too much, nonsense, nothing, or too many at once; on both event loops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import uvloop
from structlog.testing import capture_logs

from telpher.web.connection import MOST_BODY, MOST_FIELDS, MOST_HEAD, MOST_PIPELINED, Limits
from telpher.web.errors import MESSAGES
from telpher.web.room import make_room
from telpher.web.server import HttpServer
from tests.web.fakes import KEY, MOVIE, PATIENCE, REF, World, content, serving
from tests.web.raw import Wire, wire

STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"
LIVE = "GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"

# Short, for tests in which somebody is late; nobody else in them waits.
HASTY = Limits(head=0.05, body=0.05, idle=1, linger=0.05)

Scene = Callable[[World, HttpServer], Awaitable[None]]


def on_both_loops(scene: Scene, limits: Limits | None = None) -> None:
    """Plays a scene on asyncio's own loop and on uvloop, which is what runs in production."""

    async def play() -> None:
        world = World()
        async with serving(world.app(), limits=limits) as server:
            await scene(world, server)

    for factory in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(play())


async def refused(connection: Wire, status: int, key: str) -> None:
    """The answer is an error in our shape, and the connection ends behind it."""
    head = await connection.head()
    assert head.status == status
    assert head.headers["connection"] == "close"
    assert head.headers["cache-control"] == "no-store"
    body = await connection.rest()
    assert len(body) == int(head.headers["content-length"])
    detail = json.loads(body)["detail"]
    assert detail["error"] == key
    assert detail["message"] == MESSAGES[key]
    assert detail["request_id"] == head.headers["x-request-id"]


async def still_serves(server: HttpServer) -> None:
    async with wire(server.port) as connection:
        assert (await connection.ask("/health/live")).status == 200


# Too slow


def test_who_says_nothing_is_left() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as silent:
            assert await silent.rest() == b""

    on_both_loops(scene, HASTY)


@pytest.mark.parametrize("begun", ["\r\n", "\r\n\r\n\r\n"])
def test_empty_lines_are_no_beginning(begun: str) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as silent:
            silent.writer.write(begun.encode())
            assert await silent.rest() == b""

    on_both_loops(scene, HASTY)


@pytest.mark.parametrize("begun", ["G", "GET /health", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"])
def test_headers_that_do_not_end_in_time(begun: str) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as slow:
            slow.writer.write(begun.encode())
            await refused(slow, 408, "request_timeout")

    on_both_loops(scene, HASTY)


def test_a_line_now_and_then_does_not_prolong_it() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as loris, asyncio.TaskGroup() as tasks:
            loris.writer.write(b"GET / HTTP/1.1\r\n")

            async def drip() -> None:
                while True:
                    loris.writer.write(b"X: y\r\n")
                    await asyncio.sleep(0.01)

            dripping = tasks.create_task(drip())
            await refused(loris, 408, "request_timeout")
            dripping.cancel()

    on_both_loops(scene, HASTY)


def test_the_second_request_has_its_time_too() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as slow:
            assert (await slow.ask("/health/live")).status == 200
            await slow.read(len('{"status":"alive"}'))
            slow.writer.write(b"GET /")
            await refused(slow, 408, "request_timeout")

    on_both_loops(scene, HASTY)


def test_an_idle_connection_is_kept_for_a_while_and_no_longer() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as idle:
            assert (await idle.ask("/health/live")).status == 200
            idle.writer.write(b"\r\n")
            assert await idle.rest() == b'{"status":"alive"}'

    on_both_loops(scene, HASTY)


def test_a_play_is_not_ended_by_a_next_request_that_never_ends() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        go = asyncio.Event()

        async def hold(position: int) -> None:
            if position:
                await go.wait()

        world.engine.before_piece = hold
        async with wire(server.port) as player, wire(server.port) as silent:
            await player.ask(STREAM)
            player.writer.write(b"GET /next HT")
            assert await silent.rest() == b"", "time enough has passed"
            go.set()
            assert await player.read(MOVIE.size) == content(0, MOVIE.size)
            await refused(player, 408, "request_timeout")

    on_both_loops(scene, HASTY)


def test_a_body_that_somebody_waits_for_and_that_does_not_come() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        left = asyncio.Event()

        async def wait_for_ever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                left.set()

        world.engine.before_open = wait_for_ever
        async with wire(server.port) as slow:
            slow.send(STREAM, "Content-Length: 5")
            await refused(slow, 408, "request_timeout")
            async with asyncio.timeout(PATIENCE):
                await left.wait()

    on_both_loops(scene, HASTY)


def test_two_thousand_silent_ones_are_left_while_a_play_goes_on() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        go = asyncio.Event()

        async def hold(position: int) -> None:
            if position:
                await go.wait()

        world.engine.before_piece = hold
        async with wire(server.port) as player, AsyncExitStack() as crowd:
            await player.ask(STREAM)
            # Both ends are in this process: two files each.
            many = min(2000, make_room(4000) // 2)
            silent = [await crowd.enter_async_context(wire(server.port)) for _ in range(many)]
            ends = await asyncio.gather(*(each.rest() for each in silent))
            assert set(ends) == {b""}
            assert len(server._state.connections) == 1
            go.set()
            assert await player.read(MOVIE.size) == content(0, MOVIE.size)

    on_both_loops(scene, HASTY)


# Too large


def test_headers_up_to_the_limit_are_read() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            filler = "x" * (MOST_HEAD - 200)
            assert (await connection.ask("/health/live", f"X: {filler}")).status == 200
        async with wire(server.port) as connection:
            lines = ["a:b"] * (MOST_FIELDS - 1)  # and Host
            assert (await connection.ask("/health/live", *lines)).status == 200

    on_both_loops(scene)


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n".format("x" * MOST_HEAD),
        "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n".format("x" * MOST_HEAD),
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n".format("X: y\r\n" * (MOST_HEAD // 4)),
        # Few bytes, which would be many more in memory.
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n".format("a:b\r\n" * MOST_FIELDS),
        "GET / HTTP/1.1\r\nHost: a\r\n{}".format("a:b\r\n" * 2 * MOST_FIELDS),
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n".format("{}: y\r\n".format("X" * 50_000)),
        # Not complete: what never ends must not be kept either.
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}".format("x" * 100_000),
        "GET /{}".format("x" * 100_000),
        "G" * 100_000,
    ],
    ids=[
        *("value", "path", "many", "many small", "many small without end", "name"),
        *("endless value", "endless path", "endless method"),
    ],
)
def test_headers_above_the_limit(head: str) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            for start in range(0, len(head), 4000):
                connection.writer.write(head[start : start + 4000].encode())
                await asyncio.sleep(0)
            if head.startswith("GG"):
                await refused(connection, 400, "bad_request")
            else:
                await refused(connection, 431, "headers_too_large")
        await still_serves(server)

    on_both_loops(scene)


def test_an_answer_reaches_a_client_that_goes_on_sending() -> None:
    """Closed at once, the kernel would reset the connection and take the answer back."""

    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 3_000_000)
            await refused(connection, 431, "headers_too_large")

    on_both_loops(scene)


def test_a_body_above_the_limit() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async def wait_for_ever() -> None:
            await asyncio.Event().wait()

        world.engine.before_open = wait_for_ever
        async with wire(server.port) as connection:
            connection.send(STREAM, f"Content-Length: {2 * MOST_BODY}")
            connection.writer.write(bytes(2 * MOST_BODY))
            await refused(connection, 413, "content_too_large")

    on_both_loops(scene)


def test_a_body_that_nobody_reads_is_dropped_and_the_next_request_answered() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.send("/health/live", "Content-Length: 300000")
            connection.writer.write(bytes(300_000) + LIVE.encode())
            for _each in range(2):
                assert (await connection.head()).status == 200
                assert await connection.read(18) == b'{"status":"alive"}'

    on_both_loops(scene)


def test_a_body_that_goes_on_behind_its_answer_ends_the_connection() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            assert (await connection.ask("/", f"Content-Length: {2 * MOST_BODY}")).status == 200
            connection.writer.write(bytes(2 * MOST_BODY))
            assert (await connection.rest()).count(b"HTTP/1.1") == 0

    on_both_loops(scene)


def test_a_trailer_is_no_header() -> None:
    """RFC 9110, 6.5.1: whoever looked at the headers has decided already."""

    async def scene(_: World, server: HttpServer) -> None:
        asked = (
            "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\nAccept: text/html\r\nHost: b\r\n\r\n"
        )
        async with wire(server.port) as connection:
            connection.writer.write(asked.encode())
            head = await connection.head()
            assert (head.status, head.headers["content-type"]) == (405, "application/json")

    on_both_loops(scene)


def test_a_trailer_has_the_limits_of_headers() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async def wait_for_ever() -> None:
            await asyncio.Event().wait()

        world.engine.before_open = wait_for_ever
        async with wire(server.port) as connection:
            connection.send(STREAM, "Transfer-Encoding: chunked")
            connection.writer.write(b"0\r\n" + b"a:b\r\n" * MOST_FIELDS)
            await refused(connection, 431, "headers_too_large")

    on_both_loops(scene)


# Malformed

NONSENSE = [
    "nonsense\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/3.5\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET no-slash HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    # RFC 9112, 3.2: of HTTP/1.1 exactly one Host, and one that could be.
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_what_is_no_request(nonsense: str) -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(nonsense.encode("latin-1"))
            await refused(connection, 400, "bad_request")
        assert world.links.checked == []

    with capture_logs() as entries:
        on_both_loops(scene)
    assert {entry["event"] for entry in entries} == {"request refused"}


def test_a_refused_head_has_no_body() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(b"HEAD / HTTP/1.1\r\n\r\n")
            assert (await connection.head()).status == 400
            assert await connection.rest() == b""

    on_both_loops(scene)


def test_nonsense_behind_a_request_comes_behind_its_answer() -> None:
    """In the midst of a film, bytes of ours would be taken for the film's."""

    async def scene(world: World, server: HttpServer) -> None:
        go = asyncio.Event()

        async def hold(position: int) -> None:
            if position:
                await go.wait()

        world.engine.before_piece = hold
        async with wire(server.port) as connection:
            await connection.ask(STREAM)
            connection.writer.write(b"nonsense\r\n\r\n")
            await connection.read(1000)
            await still_serves(server)
            go.set()
            assert await connection.read(MOVIE.size - 1000) == content(1000, MOVIE.size)
            await refused(connection, 400, "bad_request")

    on_both_loops(scene)


HOSTS = ["", "example.org", "example.org.", "a_b", "127.0.0.1:8080", "[::1]:80", "%41", "x" * 2000]


@pytest.mark.parametrize("host", HOSTS)
def test_any_host_is_served_alike(host: str) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert (await connection.head()).status == 200
            assert await connection.read(MOVIE.size) == content(0, MOVIE.size)

    on_both_loops(scene)


TARGETS = {
    f"http://other.example{STREAM}": 200,
    f"http://[::1]:99{STREAM}": 200,
    f"HTTPS://user:pass@other.example{STREAM}#part": 200,
    f"{STREAM}#part": 200,
    STREAM.replace("stream", "%73tream").replace("-", "%2D"): 200,
    STREAM.replace(str(REF.message_id), f"{REF.message_id}/"): 200,
    STREAM.replace(str(REF.message_id), f"{REF.message_id}/%FF%00..%2F"): 200,
    "http://other.example": 200,
    "http://other.example?x=1": 200,
    f"/{STREAM}": 404,
    STREAM.replace("/stream/", "/stream//"): 404,
    STREAM.replace(f"/{REF.message_id}", f"//{REF.message_id}"): 404,
    STREAM.replace(str(REF.message_id), f"{REF.message_id}."): 404,
    STREAM.replace("/stream/", "/stream/../stream/"): 404,
    STREAM.replace("/stream/", "/stream/%2e/"): 404,
    STREAM.replace("/stream/", "/STREAM/"): 404,
    STREAM.replace("/stream/", "/stream%00/"): 404,
    STREAM.replace("?k=", "?K="): 404,
    STREAM.replace("?k=", "?k=%20"): 404,
    STREAM.replace("?k=", ";k="): 404,
    "*": 404,
    "/%": 404,
    "/%zz": 404,
}


@pytest.mark.parametrize(("target", "status"), TARGETS.items())
def test_every_form_of_a_target(target: str, status: int) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            assert (await connection.ask(target)).status == status

    on_both_loops(scene)


# Several on one connection


def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            for start in (0, 500, 7):
                connection.send(STREAM, f"Range: bytes={start}-{start + 9}")
            connection.send("/nothing")
            for start in (0, 500, 7):
                assert (await connection.head()).status == 206
                assert await connection.read(10) == content(start, start + 10)
            assert (await connection.head()).status == 404

    on_both_loops(scene)


def test_more_requests_than_anybody_waits_for_are_left_to_be_asked_again() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(LIVE.encode() * (MOST_PIPELINED + 10))
            said = await connection.rest()
            assert said.count(b'{"status":"alive"}') == MOST_PIPELINED

    on_both_loops(scene)


def test_who_leaves_with_requests_outstanding_stops_all_of_them() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        go = asyncio.Event()

        async def hold(position: int) -> None:
            if position:
                await go.wait()

        world.engine.before_piece = hold
        async with wire(server.port) as connection:
            connection.send(STREAM)
            connection.send(STREAM)
            await connection.head()
            stream = await world.engine.stream()
            connection.vanish()
            async with asyncio.timeout(PATIENCE):
                while server._state.connections:
                    go.set()  # its next piece meets a connection that is gone
                    await asyncio.sleep(0)
                await stream.closed.wait()
        assert stream._position < MOVIE.size, "it went on for nobody"

    on_both_loops(scene)


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "anything/1.0"])
def test_other_protocols_are_not_spoken(protocol: str) -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            asked = f"Connection: Upgrade\r\nUpgrade: {protocol}"
            connection.send(STREAM, "Range: bytes=0-9", asked)
            connection.send(STREAM, "Range: bytes=5-9")
            assert (await connection.head()).status == 206
            assert await connection.read(10) == content(0, 10)
            assert (await connection.head()).status == 206
            assert await connection.read(5) == content(5, 10)

    on_both_loops(scene)


def test_http_1_0_is_answered_and_closed() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        for lines in ((), ("Connection: keep-alive",)):
            async with wire(server.port) as connection:
                head = await connection.ask(STREAM, *lines, version="1.0")
                assert head.status == 200
                assert head.headers["connection"] == "close"
                assert "transfer-encoding" not in head.headers
                assert await connection.rest() == content(0, MOVIE.size)

    on_both_loops(scene)


def test_http_1_0_needs_no_host() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            connection.writer.write(b"GET /health/live HTTP/1.0\r\n\r\n")
            assert (await connection.head()).status == 200

    on_both_loops(scene)


def test_connection_close_is_heeded() -> None:
    async def scene(_: World, server: HttpServer) -> None:
        async with wire(server.port) as connection:
            head = await connection.ask(STREAM, "Connection: close")
            assert head.headers["connection"] == "close"
            assert await connection.rest() == content(0, MOVIE.size)

    on_both_loops(scene)


# Too many


async def play_for_ever(world: World, server: HttpServer, stack: AsyncExitStack) -> Wire:
    """A connection whose answer goes on."""

    async def hold(position: int) -> None:
        if position:
            await asyncio.Event().wait()

    world.engine.before_piece = hold
    connection = await stack.enter_async_context(wire(server.port))
    assert (await connection.ask(STREAM)).status == 200
    return connection


def test_one_connection_too_many_is_told_so() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async with AsyncExitStack() as stack:
            first = await play_for_ever(world, server, stack)
            await play_for_ever(world, server, stack)
            async with wire(server.port) as third:
                head = await third.head()
                assert (head.status, head.headers["retry-after"]) == (503, "5")
                assert json.loads(await third.rest())["detail"]["error"] == "too_many_connections"
            first.vanish()
            async with asyncio.timeout(PATIENCE):
                while len(server._state.connections) > 1:  # noqa: ASYNC110
                    await asyncio.sleep(0)
            await still_serves(server)

    on_both_loops(scene, Limits(connections=2))


def test_those_that_are_far_too_many_are_cut_off() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async with AsyncExitStack() as stack:
            await play_for_ever(world, server, stack)
            second = await stack.enter_async_context(wire(server.port))
            assert (await second.head()).status == 503
            async with wire(server.port) as third:
                assert await third.rest() == b""

    on_both_loops(scene, Limits(connections=1, spare=1, linger=PATIENCE))


def test_who_says_nothing_gives_way_to_who_asks() -> None:
    async def scene(world: World, server: HttpServer) -> None:
        async with AsyncExitStack() as stack:
            await play_for_ever(world, server, stack)
            silent = [await stack.enter_async_context(wire(server.port)) for _ in range(9)]
            idle = await stack.enter_async_context(wire(server.port))
            assert (await idle.ask("/health/live")).status == 200
            for each in silent[:8]:
                assert await each.rest() == b"", "the oldest first"
            await still_serves(server)
            assert await silent[8].rest() == b""
            assert (await idle.read(18)) == b'{"status":"alive"}'
            assert (await idle.ask("/health/live")).status == 200

    on_both_loops(scene, Limits(connections=3))


def test_over_ipv6() -> None:
    async def play() -> None:
        world = World()
        async with serving(world.app(), host="::1") as server:
            reader, writer = await asyncio.open_connection("::1", server.port)
            connection = Wire(reader, writer)
            assert (await connection.ask(STREAM)).status == 200
            assert await connection.read(MOVIE.size) == content(0, MOVIE.size)
            writer.close()
            await writer.wait_closed()
        assert [viewer.client for viewer in world.engine.viewers] == ["::/64"]

    for factory in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(play())
