"""Which of several processes on one machine this one is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from telpher.crew.board import Board


@dataclass(frozen=True, slots=True)
class Place:
    """Worker `number` (from 0) `of` so many.

    `listener` is the descriptor of the listening socket, which the supervisor has bound;
    `meeting` is the folder where the workers' own sockets are; `leash` is a descriptor that ends
    (reads as empty) when the supervisor does; `board` is where all say how they are;
    `edge_log` is the descriptor of the socket for nginx's log, if there is one. All are None
    for who works alone.
    """

    number: int = 0
    of: int = 1
    listener: int | None = None
    meeting: Path | None = None
    leash: int | None = None
    board: Board | None = None
    edge_log: int | None = None

    def home(self, work_dir: Path) -> Path:
        """Where in WORK_DIR this process keeps what is its own. The first has WORK_DIR itself, so
        that nothing is left behind when WORKERS changes to or from 1."""
        return work_dir / f"worker-{self.number}" if self.number else work_dir

    def socket(self, number: int) -> Path | None:
        """Where worker `number` takes connections that were handed over to it."""
        return None if self.meeting is None else self.meeting / f"{number}.sock"

    def telephone(self, number: int) -> Path | None:
        """Where worker `number` is asked by the others."""
        return None if self.meeting is None else self.meeting / f"{number}.ask"

    @contextlib.contextmanager
    def leashed(self, let_go: Callable[[], None]) -> Iterator[None]:
        """Has `let_go` called when the supervisor is gone, however it ended: nobody would restart
        or stop this process any more, and its port could not be had by the next one."""
        if self.leash is None:
            yield
            return
        loop, leash = asyncio.get_running_loop(), self.leash

        def gone() -> None:
            loop.remove_reader(leash)
            let_go()

        loop.add_reader(leash, gone)
        try:
            yield
        finally:
            loop.remove_reader(leash)


ALONE = Place()
