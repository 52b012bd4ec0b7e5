"""Connections change hands between servers on one listening socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from telpher.clock import FakeClock
from telpher.core.sharing import owner
from telpher.crew.board import SILENT, Board, Figure
from telpher.crew.place import Place
from telpher.web.connection import Limits
from telpher.web.listening import listen
from telpher.web.server import HttpServer
from tests.web.fakes import PATIENCE
from tests.web.raw import Head, Wire, wire

WORKERS = 3


def path_of(worker: int) -> str:
    """A path that is this worker's."""
    found = (f"/stream/7/{message}" for message in range(1000))
    return next(each for each in found if owner(f"GET {each} ".encode(), WORKERS) == worker)


class Crew:
    """Servers that answer with their number, in one process; each is accepted by at random."""

    def __init__(self, meeting: Path, listener: int) -> None:
        self.meeting = meeting
        self._listener = listener
        self.clock = FakeClock()
        self.board = Board.made(meeting / "board", WORKERS, self.clock)
        self.servers: dict[int, HttpServer] = {}
        self.clients: list[str] = []

    async def start(self, number: int, limits: Limits | None = None) -> HttpServer:
        async def answer(request: Request) -> PlainTextResponse:
            assert request.client is not None
            self.clients.append(f"{request.client.host}:{request.client.port}")
            body = (await request.body()).decode()
            return PlainTextResponse(f"{number} {body}".strip())

        methods = ["GET", "HEAD", "POST"]
        app = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
        board = Board(self.meeting / "board", WORKERS, self.clock, number)
        board.beat({Figure.ABLE: True})
        place = Place(number, WORKERS, os.dup(self._listener), self.meeting, board=board)
        server = HttpServer(app, FakeClock(), "127.0.0.1", 0, limits, place)
        await server.start()
        self.servers[number] = server
        return server

    async def close(self) -> None:
        for each in self.servers.values():
            await each.close()


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    with await listen("127.0.0.1", 0) as listener:
        crew = Crew(tmp_path, listener.fileno())
        try:
            yield crew
        finally:
            await crew.close()


@asynccontextmanager
async def accepted_by(crew: Crew, number: int) -> AsyncIterator[Wire]:
    """A connection that this one has accepted: it was the only one there."""
    async with wire(crew.servers[number].port) as client:
        # Its first request is anybody's, and so answered here.
        assert await asked(client, "/") == str(number)
        yield client


async def asked(client: Wire, path: str, *lines: str, body: str = "") -> str:
    client.send(path, *lines)
    client.writer.write(body.encode())
    head = await client.head()
    return (await client.reader.readexactly(int(head.headers["content-length"]))).decode()


async def test_a_request_is_answered_by_the_worker_whose_it_is(crew: Crew) -> None:
    await crew.start(0)
    for number in range(1, WORKERS):
        await crew.start(number)
    for _ in range(5):
        for number in range(WORKERS):
            async with wire(crew.servers[0].port) as client:
                assert await asked(client, path_of(number)) == str(number)


async def test_one_connection_goes_from_hand_to_hand_and_stays_the_same(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        for number in range(1, WORKERS):
            await crew.start(number)
        for number in (1, 2, 0, 0, 2, 1, 1, 0):
            assert await asked(client, path_of(number)) == str(number)
        host, port = client.writer.get_extra_info("sockname")
        assert set(crew.clients) == {f"{host}:{port}"}


async def test_a_body_comes_along(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        await crew.start(1)
        request = f"POST {path_of(1)} HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhello"
        client.writer.write(request.encode())
        await client.writer.drain()
        client.writer.write(b"world")
        head = await client.head()
        length = int(head.headers["content-length"])
        assert await client.reader.readexactly(length) == b"1 helloworld"


async def test_requests_in_advance_are_answered_in_order(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        await crew.start(1)
        client.send(path_of(1))
        client.send(path_of(0))
        client.send(path_of(1))
        for _ in range(3):
            head = await client.head()
            assert head.status == 200
            # Together they have gone to the first one's; which is right, if not the best.
            assert await client.reader.readexactly(int(head.headers["content-length"])) in (
                b"0",
                b"1",
            )


async def test_who_is_not_there_is_stood_in_for(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        assert await asked(client, path_of(1)) == "0"
        server = await crew.start(1)
        assert await asked(client, path_of(2)) == "0"
        await server.close()
        assert await asked(client, path_of(1)) == "0"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[socket.socket]:
    """The second worker's box, as one leaves it behind that was killed, once it is closed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as box:
        box.bind(str(tmp_path / "1.sock"))
        box.listen()
        yield box


class Silent:
    """The second worker's box, and nobody who looks into it."""

    def __init__(self, crew: Crew, box: socket.socket) -> None:
        self._box = box
        Board(crew.meeting / "board", WORKERS, crew.clock, 1).beat({Figure.ABLE: True})

    async def met(self) -> socket.socket:
        """The way that the first one has opened."""
        way, _ = await asyncio.get_running_loop().run_in_executor(None, self._box.accept)
        return way

    def die(self, way: socket.socket) -> None:
        """As the kernel has it, when one is killed."""
        self._box.close()
        way.close()


@pytest.fixture
def silent(crew: Crew) -> Iterator[Silent]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as box:
        box.bind(str(crew.meeting / "1.sock"))
        box.listen()
        yield Silent(crew, box)


async def test_what_was_on_its_way_to_one_that_is_killed_is_served_by_who_gave_it(
    crew: Crew, silent: Silent
) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client, accepted_by(crew, 0) as other:
        client.send(path_of(1))
        way = await silent.met()
        other.send(path_of(1))
        silent.die(way)  # with what is unread in there
        for each in (client, other):
            head = await each.head()
            assert await each.read(int(head.headers["content-length"])) == b"0"
        # And go on as if nothing had been.
        assert await asked(client, path_of(0)) == "0"


async def test_what_a_killed_one_had_answered_for_is_served_by_nobody_else(
    crew: Crew, silent: Silent
) -> None:
    """It may have said something on it already."""
    await crew.start(0)
    async with accepted_by(crew, 0) as client, accepted_by(crew, 0) as other:
        client.send(path_of(1))
        way = await silent.met()
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, way, 1 << 15, 1)
        other.send(path_of(1))
        way.send(b"+")
        os.close(descriptors[0])
        silent.die(way)
        head = await other.head()
        assert await other.read(int(head.headers["content-length"])) == b"0"
        assert await client.rest() == b""


async def test_what_did_not_arrive_whole_is_served_by_who_gave_it(
    crew: Crew, silent: Silent
) -> None:
    """The taker has as many files open as it may."""
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        client.send(path_of(1))
        with await silent.met() as way:
            assert await asyncio.to_thread(way.recv, 1 << 15)
            way.send(b"-")
            head = await client.head()
            assert await client.read(int(head.headers["content-length"])) == b"0"


async def test_nobody_is_kept_whose_client_has_left_meanwhile(crew: Crew, silent: Silent) -> None:
    server = await crew.start(0)
    async with accepted_by(crew, 0) as client:
        client.send(path_of(1))
        way = await silent.met()
        client.vanish()
        silent.die(way)
    await server.drain(PATIENCE)
    assert server.connections == 0


async def test_what_the_giver_does_not_hear_of_is_not_taken(crew: Crew) -> None:
    """It would serve it, too, once it looks."""
    await crew.start(1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as giver:
        giver.connect(str(crew.meeting / "1.sock"))
        giver.setblocking(False)
        sent = 0
        async with asyncio.timeout(PATIENCE):
            while sent < 10_000:
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    try:
                        request = f"GET {path_of(1)} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
                        socket.send_fds(giver, [request], [theirs.fileno()])
                    except BlockingIOError:
                        pass
                    except OSError:  # it has given up this way
                        break
                    else:
                        sent += 1
                await asyncio.sleep(0)
        heard = 0
        while giver.recv(1):
            heard += 1
    assert 0 < heard < sent < 10_000


async def test_who_hangs_is_stood_in_for(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client, accepted_by(crew, 0) as other:
        await crew.start(1)
        assert await asked(client, path_of(1)) == "1"
        crew.clock.advance(SILENT)
        assert await asked(other, path_of(1)) == "0"


async def test_who_does_not_come_to_reading_is_stood_in_for(crew: Crew, silent: Silent) -> None:
    await crew.start(0)
    answers: list[asyncio.Task[Head]] = []
    async with contextlib.AsyncExitStack() as clients, asyncio.TaskGroup() as tasks:
        while not any(each.done() for each in answers):
            client = await clients.enter_async_context(accepted_by(crew, 0))
            client.send(path_of(1))
            answers.append(tasks.create_task(client.head()))
            # When this one is answered, that one's request was read.
            async with accepted_by(crew, 0):
                pass
        for each in answers:
            each.cancel()
    assert len(answers) > 100


async def test_a_slow_beginning_is_served_by_who_accepted_it(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        await crew.start(1)
        request = f"GET {path_of(1)} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
        client.writer.write(request[:9])
        await client.writer.drain()
        for _ in range(20):  # the server's turns
            await asyncio.sleep(0)
        client.writer.write(request[9:])
        head = await client.head()
        assert await client.reader.readexactly(int(head.headers["content-length"])) in (b"0", b"1")


async def test_what_waits_when_one_ends_is_answered(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        second = await crew.start(1)
        client.send(path_of(1))
        await second.drain(30)
        head = await client.head()
        assert await client.reader.readexactly(int(head.headers["content-length"])) in (b"0", b"1")


async def test_limits_hold_for_those_handed_over(crew: Crew) -> None:
    await crew.start(0)
    async with accepted_by(crew, 0) as client:
        await crew.start(1, Limits(connections=0, spare=5))
        client.send(path_of(1))
        assert (await client.head()).status == 503
