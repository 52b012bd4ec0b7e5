"""What workers show each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.crew.board import SILENT, Board, Figure

PLAYS = 10


class Crew:
    """A board, and each worker's look at it."""

    def __init__(self, folder: Path, of: int = 3) -> None:
        self.clock = FakeClock()
        path = folder / "board"
        self.supervisors = Board.made(path, of, self.clock, PLAYS)
        self.workers = [Board(path, of, self.clock, number) for number in range(of)]


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    return Crew(tmp_path)


def test_all_see_what_one_writes(crew: Crew) -> None:
    crew.workers[0].beat({Figure.SENT: 10, Figure.CPU: 0.5})
    crew.workers[2].beat({Figure.SENT: 5, Figure.CPU: 0.25})
    for each in (*crew.workers, crew.supervisors):
        assert (each.total(Figure.SENT), each.total(Figure.CPU)) == (15, 0.75)
        assert each.read(2, Figure.SENT) == 5


def test_who_is_silent_or_gone_is_not_able(crew: Crew) -> None:
    one, other, _ = crew.workers
    assert not one.able(1)
    other.beat({Figure.ABLE: True})
    assert one.able(1)
    crew.clock.advance(SILENT)
    assert not one.able(1)
    other.beat({Figure.ABLE: False})  # not connected
    assert not one.able(1)
    other.beat({Figure.ABLE: True})
    other.leave()
    assert not one.able(1)
    assert crew.supervisors.read(1, Figure.BEAT) == 0


def test_what_a_dead_one_had_is_nobodys(crew: Crew) -> None:
    crew.workers[1].plays([(7, 1), (8, 0)])
    assert crew.workers[0].plays([(1, 5)]) == {(7, 1), (8, 0)}
    crew.supervisors.wipe(1)
    assert crew.workers[0].plays([(1, 5)]) == set()
    assert crew.workers[1].plays([(9, 0)]) == {(1, 5)}


def test_a_play_at_two_of_them_is_one(crew: Crew) -> None:
    one, other, third = (1, 5), (2, 6), ((1 << 64) - 1, (1 << 52))
    crew.workers[1].plays([one, other])
    crew.workers[2].plays([other, third])
    assert crew.workers[0].plays([other]) == {one, other, third}


def test_there_is_room_for_so_many_and_no_more(crew: Crew) -> None:
    many = [(number, 0) for number in range(100)]
    crew.workers[1].plays(many)
    assert crew.workers[0].plays([]) == set(many[:PLAYS])
    assert crew.workers[2].plays(many) == set(many[:PLAYS])
    assert crew.workers[2].read(2, Figure.BEAT) == 0


def test_who_says_so_first_and_looks_then_lets_in_none_too_many(crew: Crew) -> None:
    """Whatever the order: of two that take the last place at once, at most one gets it."""
    one, other, _ = crew.workers
    alone = [one.plays([(1, 0)]) == set(), other.plays([(2, 0)]) == set()]
    assert alone.count(True) <= 1


def test_figures_are_whole_as_large_as_they_may_be(crew: Crew) -> None:
    crew.workers[0].beat({Figure.SENT: 1 << 52})
    assert crew.workers[1].total(Figure.SENT) == 1 << 52


def test_the_supervisor_has_no_row(crew: Crew) -> None:
    with pytest.raises(ValueError, match="no row"):
        crew.supervisors.beat({})
