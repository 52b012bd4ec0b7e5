"""Who is served next: by urgency first, then fairly between viewers.

    HEAD    a: [chunk]            b: [chunk]
    NEAR    a: [chunk, chunk]                    c: [chunk]
    AHEAD   a: [chunk, ...]       b: [...]       c: [...]
            <------- deficit round robin over viewers ------->

A class is looked at only while the classes above it have nothing that can go out. Within a class
viewers take turns, and a turn is worth one page of 1 MiB, whatever the sizes of its chunks:
deficit round robin [Shreedhar and Varghese, 1995]. So a viewer who asks for many chunks, or large
ones, gets no more than one who asks for few, as long as both have something waiting.

A chunk that nobody can take keeps its place; the next viewer is asked. Whoever asks (`take`) sees
to it that small chunks do not for ever slip past a large one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from telpher.core.chunks import PAGE
from telpher.core.demand import Demand, Urgency, Viewer

T = TypeVar("T")

# What a turn is worth, in bytes: no chunk is larger, so a turn always serves one at least.
QUANTUM = PAGE


@dataclass(eq=False, slots=True)
class Entry(Generic[T]):
    """One queued item of `size` bytes; `viewer` and `urgency` say where it stands at present."""

    item: T
    size: int
    demand: Demand
    viewer: Viewer = None
    urgency: Urgency = Urgency.AHEAD


@dataclass(slots=True)
class _Line(Generic[T]):
    """One viewer's entries in one class, oldest first, and what is left of its turn."""

    entries: dict[Entry[T], None] = field(default_factory=dict)
    deficit: int = 0


class FairQueue(Generic[T]):
    """Items waiting to go out."""

    def __init__(self) -> None:
        self._classes: dict[Urgency, dict[Viewer, _Line[T]]] = {each: {} for each in Urgency}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, item: T, size: int, demand: Demand) -> Entry[T]:
        """Queues `item`; its place follows `demand` from now on."""
        entry = Entry(item, size, demand)
        self._insert(entry)
        demand.watch(lambda: self._move(entry))
        self._size += 1
        return entry

    def remove(self, entry: Entry[T]) -> None:
        """Takes an entry out; no error when it is out already."""
        line = self._classes[entry.urgency].get(entry.viewer)
        if line is None or entry not in line.entries:
            return
        entry.demand.watch(None)
        self._extract(entry)
        self._size -= 1

    def entries(self) -> list[Entry[T]]:
        """All that is queued, by urgency and viewer."""
        return [
            entry
            for lines in self._classes.values()
            for line in lines.values()
            for entry in line.entries
        ]

    def take(self, offer: Callable[[T], bool]) -> T | None:
        """The next item that `offer` accepts, taken out; None when it accepts none.

        `offer` is asked for the first item of each viewer at most, in the order of service.
        """
        for urgency, lines in self._classes.items():
            for viewer in list(lines):
                entry = next(iter(lines[viewer].entries))
                if offer(entry.item):
                    self._serve(urgency, viewer, entry)
                    return entry.item
        return None

    def _serve(self, urgency: Urgency, viewer: Viewer, entry: Entry[T]) -> None:
        lines = self._classes[urgency]
        line = lines[viewer]
        if line.deficit < entry.size:
            line.deficit += QUANTUM
        line.deficit -= entry.size
        self.remove(entry)
        if viewer in lines and line.deficit < next(iter(line.entries)).size:
            lines[viewer] = lines.pop(viewer)  # its turn is over: to the end of the round

    def _move(self, entry: Entry[T]) -> None:
        demand = entry.demand
        if (demand.viewer, demand.urgency) != (entry.viewer, entry.urgency):
            self._extract(entry)
            self._insert(entry)

    def _insert(self, entry: Entry[T]) -> None:
        entry.viewer, entry.urgency = entry.demand.viewer, entry.demand.urgency
        line = self._classes[entry.urgency].setdefault(entry.viewer, _Line())
        line.entries[entry] = None

    def _extract(self, entry: Entry[T]) -> None:
        lines = self._classes[entry.urgency]
        line = lines[entry.viewer]
        del line.entries[entry]
        if not line.entries:
            del lines[entry.viewer]
