"""Tickets."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import Viewer
from telpher.errors import SettingsError
from telpher.web.edge import desk as desks
from telpher.web.edge.desk import LONGEST, Desk
from telpher.web.edge.log import EdgeLog
from tests.ports import free_ports
from tests.web.fakes import FakeAttendance


def place() -> FakeAttendance:
    return FakeAttendance(Viewer(1, "192.0.2.1"), 100)


def test_a_ticket_counts_once() -> None:
    desk, here, there = Desk(FakeClock()), place(), place()
    first, second = desk.issue(here), desk.issue(there)
    assert first != second
    desk.settle(first, 70)
    desk.settle(first, 70)
    assert (here.count, here.left, there.left) == (70, True, False)
    desk.settle(second, 0)
    assert (there.count, there.left) == (0, True)
    assert len(desk) == 0


def test_a_ticket_that_nobody_has_is_nobodys() -> None:
    desk = Desk(FakeClock())
    desk.settle("x" * 22, 10)


def test_what_never_ends_is_over_some_day() -> None:
    clock = FakeClock()
    desk, lost = Desk(clock), place()
    desk.issue(lost)
    clock.advance(LONGEST - 1)
    desk.issue(place())
    assert not lost.left
    clock.advance(1)
    desk.issue(place())
    assert lost.left
    assert len(desk) == 2


def test_there_is_an_end_to_how_many() -> None:
    desk = Desk(FakeClock())
    first = place()
    desk.issue(first)
    for _ in range(desks.MOST):
        desk.issue(place())
    assert first.left
    assert len(desk) == desks.MOST


@pytest.mark.parametrize(
    "line",
    [b"", b"<190>telpher: - 5", b"\xff" * 2000, b"<190>telpher: short 5", b"x" * 22 + b" -5"],
)
def test_other_lines_are_passed_over(line: bytes) -> None:
    EdgeLog(Desk(FakeClock()), "127.0.0.1", 1).datagram_received(line, ("127.0.0.1", 1))


async def test_a_line_of_nginxs_settles() -> None:
    desk, here, port = Desk(FakeClock()), place(), free_ports()
    log = EdgeLog(desk, "127.0.0.1", port)
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
            await EdgeLog(desk, "127.0.0.1", port).open()
        assert caught.value.problems[0].startswith(f"EDGE_LOG: cannot listen on 127.0.0.1:{port}")
    finally:
        nginx.close()
        log.close()
