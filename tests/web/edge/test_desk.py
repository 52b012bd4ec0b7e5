"""Tickets."""

from __future__ import annotations

from telpher.clock import FakeClock
from telpher.core.model import Viewer
from telpher.web.edge import desk as desks
from telpher.web.edge.desk import LONGEST, Desk, issuer
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


def test_a_ticket_says_whose_it_is() -> None:
    for number in (0, 1, 63):
        ticket = Desk(FakeClock(), number).issue(place())
        assert (len(ticket), issuer(ticket)) == (22, number)
