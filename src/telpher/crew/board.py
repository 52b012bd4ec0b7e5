"""The board: a page of memory that all workers of a machine share. Each writes its own row, and
reads all of them: no locks, no waiting, nothing to clean up after one that was killed.

    row      beat   able   streams   ...   plays
     0      81.25      1        30         a3..., 77..., 01...
     1      79.00      1         4         9f...           no beat for long: it hangs
     2          0      0         0                         not there: the supervisor wipes the row

A row is as old as its beat, but for the plays, each a number of 64 bits that is the same wherever
it goes on, and whose link it is of: they are written when they change. So one that goes on at two
workers (one stood in for the other, or it is of a playlist) is one. A cell that its owner is just
writing has the old value or the new one, never half of each: it is eight bytes that lie where the
machine writes them at once.
"""

from __future__ import annotations

import mmap
import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, auto
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

from telpher.clock import Clock

# Seconds between two beats; and without one after which others do a worker's work. Between them is
# what a busy machine may take to come round to everybody.
BEAT_EVERY: Final = 0.25
SILENT: Final = 2.0


class Figure(IntEnum):
    """What is in a row. Sizes in bytes, those since the process began where they only grow."""

    BEAT = 0  # monotonic seconds, which are the machine's
    ABLE = auto()  # 1: it can bring files now
    STREAMS = auto()
    SENT = auto()
    FETCHED = auto()
    HITS = auto()
    LOOKUPS = auto()
    CACHED = auto()
    CACHE_BUDGET = auto()
    MEMORY = auto()
    CPU = auto()  # seconds of processor time


_CELL: Final = 8  # bytes

# Behind the figures: how many plays there are, and then those, two cells each.
_COUNT: Final = len(Figure)
_FIRST: Final = _COUNT + 1

# A play's mark, and the user whose link it is of: 0 when that is not known or does not matter.
Marked: TypeAlias = tuple[int, int]


class Board:
    """The rows of `of` workers, as the one at `number` sees them; the supervisor has none."""

    def __init__(self, path: Path, of: int, clock: Clock, number: int | None = None) -> None:
        """Raises OSError when there is no board at `path`."""
        with path.open("r+b") as file:
            page = memoryview(mmap.mmap(file.fileno(), 0))
        self._figures, self._marks = page.cast("d"), page.cast("Q")
        self._width = len(self._marks) // of
        self._room = (self._width - _FIRST) // 2
        self._of = of
        self._clock = clock
        self._number = number

    @classmethod
    def made(cls, path: Path, of: int, clock: Clock, plays: int = 0) -> Board:
        """A new one, empty, with room for so many plays of each. Raises OSError."""
        path.touch()
        os.truncate(path, of * (_FIRST + 2 * plays) * _CELL)
        return cls(path, of, clock)

    def read(self, number: int, figure: Figure) -> float:
        """That of one worker."""
        return float(self._figures[number * self._width + figure])

    def total(self, figure: Figure) -> float:
        """That of all of them together."""
        return sum(self.read(each, figure) for each in range(self._of))

    def able(self, number: int) -> bool:
        """Whether that one can bring files, as far as anybody knows."""
        fresh = self._clock.monotonic() - self.read(number, Figure.BEAT) < SILENT
        return fresh and self.read(number, Figure.ABLE) > 0

    def wipe(self, number: int) -> None:
        """It is not there any more."""
        start = number * self._width
        self._marks[start : start + _FIRST] = array("Q", bytes(_FIRST * _CELL))

    def beat(self, figures: Mapping[Figure, float]) -> None:
        """This one is there, and says so much of itself."""
        for figure, value in figures.items():
            self._write(figure, value)
        self._write(Figure.BEAT, self._clock.monotonic())

    def leave(self) -> None:
        """This one ends, and will show nothing more."""
        self._write(Figure.ABLE, 0)
        self._write(Figure.BEAT, 0)

    def plays(self, here: Sequence[Marked]) -> set[Marked]:
        """Says which plays go on here; which do elsewhere. Who says so first and looks then never
        lets in one too many, whatever others do at the same moment."""
        if self._number is None:
            raise ValueError("the supervisor has no row")
        start, cells = self._number * self._width, array("Q", chain(*here[: self._room]))
        self._marks[start + _FIRST : start + _FIRST + len(cells)] = cells
        self._marks[start + _COUNT] = len(cells) // 2
        others = (each for each in range(self._of) if each != self._number)
        return {marked for each in others for marked in self._plays_of(each)}

    def _plays_of(self, number: int) -> Iterable[Marked]:
        start = number * self._width
        count = min(self._marks[start + _COUNT], self._room)
        cells = self._marks[start + _FIRST : start + _FIRST + 2 * count].tolist()
        return zip(cells[::2], cells[1::2], strict=True)

    def _write(self, figure: Figure, value: float) -> None:
        if self._number is None:
            raise ValueError("the supervisor has no row")
        self._figures[self._number * self._width + figure] = float(value)
