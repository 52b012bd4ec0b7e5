"""What nginx says."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.core.model import Viewer
from telpher.crew.place import Place
from telpher.crew.telephone import PAUSE, Telephone
from telpher.errors import SettingsError
from telpher.web.edge.desk import Desk
from telpher.web.edge.log import MOST_AT_ONCE, EdgeLog, bound
from tests.ports import free_ports
from tests.web.fakes import PATIENCE, FakeAttendance


def place() -> FakeAttendance:
    return FakeAttendance(Viewer(1, "192.0.2.1"), 100)


@pytest.mark.parametrize(
    "line",
    [b"", b"<190>telpher: - 5", b"\xff" * 2000, b"<190>telpher: short 5", b"x" * 22 + b" -5"],
)
def test_other_lines_are_passed_over(line: bytes) -> None:
    log = EdgeLog(Desk(FakeClock()), ("127.0.0.1", 1), Telephone())
    log.datagram_received(line, ("127.0.0.1", 1))


async def test_a_line_of_nginxs_settles() -> None:
    desk, here, port = Desk(FakeClock()), place(), free_ports()
    log = EdgeLog(desk, ("127.0.0.1", port), Telephone())
    await log.open()
    loop = asyncio.get_running_loop()
    nginx, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
    )
    try:
        ticket = desk.issue(here)
        nginx.sendto(f"<190>Nov 23 20:00:00 telpher: {ticket} 4096".encode())
        async with asyncio.timeout(60):
            while True:
                if here.left:
                    break
                await asyncio.sleep(0)
        assert here.count == 4096
        with pytest.raises(SettingsError) as caught:
            await EdgeLog(desk, ("127.0.0.1", port), Telephone()).open()
        assert caught.value.problems[0].startswith(f"EDGE_LOG: cannot listen on 127.0.0.1:{port}")
    finally:
        nginx.close()
        log.close()


class Worker:
    """One of two on a socket that both have inherited."""

    def __init__(self, number: int, meeting: Path, listener: socket.socket) -> None:
        self.clock = FakeClock()
        log = os.dup(listener.fileno())
        where = Place(number, 2, meeting=meeting, edge_log=log)
        self.telephone = Telephone(where, self.clock, PATIENCE)
        self.desk = Desk(self.clock, number)
        self.log = EdgeLog(self.desk, ("127.0.0.1", 1), self.telephone)

    async def round(self) -> None:
        """Passes on once what there is."""

        async def once(_seconds: float) -> None:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await self.log.run(once)


async def test_a_line_reaches_whose_it_is_whoever_hears_it(tmp_path: Path) -> None:
    here, there = place(), place()
    with bound("127.0.0.1", 0) as listener, socket.socket(type=socket.SOCK_DGRAM) as nginx:
        one, other = (Worker(number, tmp_path, listener) for number in range(2))
        tickets = one.desk.issue(here), other.desk.issue(there)
        await one.telephone.open()
        await one.log.open()  # the other one is just being replaced
        for ticket in tickets:
            nginx.sendto(f"<190>telpher: {ticket} 4096".encode(), listener.getsockname())
        async with asyncio.timeout(PATIENCE):
            while not here.left:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        await one.round()
        assert not there.left
        await other.telephone.open()
        await other.log.open()
        one.clock.advance(PAUSE)
        await one.round()
        assert (here.count, there.count) == (4096, 4096)
        for each in (one, other):
            each.log.close()
            await each.telephone.close()


async def test_many_lines_are_passed_on_in_pieces(tmp_path: Path) -> None:
    with bound("127.0.0.1", 0) as listener:
        one, other = (Worker(number, tmp_path, listener) for number in range(2))
        await other.telephone.open()
        count = 2 * MOST_AT_ONCE + 1
        places = [place() for _ in range(count)]
        for each in places:
            line = f"<190>telpher: {other.desk.issue(each)} 7".encode()
            one.log.datagram_received(line, ("127.0.0.1", 1))
        await one.round()
        assert all(each.left for each in places)
        await other.telephone.close()
