"""WORKERS above 1: the supervisor, which has the port and looks after the workers.

    supervisor   claims WORK_DIR, binds, starts, stops and restarts; carries no byte
    workers      `telpher worker`: each a whole telpher at its place (`crew`), on the same port

One of the workers has the bot's updates: whichever holds the lease of the update duty
(telegram.custody). The one that is killed has the same holder's name when it is back, so it goes on
at once. A worker that dies takes its connections with it, and nobody else's. One that hangs is
killed: by the board (`crew.board`), on which each shows several times a second that it lives.

Loading telpher takes a process a second or two. So there is always one more that has done that and
waits to be told, by its standard input, which worker it is: it stands where another one fell within
some tenths of a second.

Everything a worker shares it inherits: the listening socket; the lock of WORK_DIR, which therefore
lasts until the last of them is gone, also when the supervisor was killed; and a pipe that ends with
the supervisor, upon which a worker stops as if it had been told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.core.respawn import LOOK_EVERY, EndAll, Respawn, Watch
from telpher.crew.board import Board, Figure
from telpher.streaming.plays import MOST_REMEMBERED
from telpher.web.edge.log import bound
from telpher.web.listening import listen

# What the board is called in the folder where the workers meet.
BOARD: Final = "board"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def supervise(settings: Settings, claim: int, patience: float) -> int:
    """Runs the workers until SIGTERM or SIGINT, or until one of them ends them all; the exit
    status.

    `claim` is the descriptor of WORK_DIR's lock; a worker that was asked to end is killed after
    `patience` seconds. Raises SettingsError for a port that is not to be had.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(await listen(settings.host, settings.port))
        edge_log = stack.enter_context(bound(*settings.edge_log)) if settings.edge_log else None
        meeting = stack.enter_context(tempfile.TemporaryDirectory(prefix="telpher-"))
        held = Held(claim, stack.enter_context(_pipe()), edge_log.fileno() if edge_log else None)
        crew = Supervisor(listener, Path(meeting), held, SystemClock())
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, crew.stop)
        try:
            return await crew.run(settings.workers, patience, _plays_counted(settings))
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


@dataclass(frozen=True, slots=True)
class Held:
    """The descriptors that the workers inherit besides the listening socket: the claim, the leash,
    and the socket for nginx's log, if there is one."""

    claim: int
    leash: int
    edge_log: int | None = None


class Supervisor:
    """See the module."""

    def __init__(self, listener: socket.socket, meeting: Path, held: Held, clock: Clock) -> None:
        self._listener = listener
        self._meeting = meeting
        self._held = held
        self._clock = clock
        self._stopping = asyncio.Event()
        self._status = 0
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._spare: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    def stop(self, status: int = 0) -> None:
        """Asks for the end of all."""
        if self._stopping.is_set():
            return
        self._status = status
        self._stopping.set()
        self._listener.close()

    async def run(self, workers: int, patience: float, plays: int = 0) -> int:
        """Keeps so many alive until `stop`; the status given there. At most so many `plays` are
        counted together."""
        board = Board.made(self._meeting / BOARD, workers, self._clock, plays)
        async with asyncio.TaskGroup() as tasks:
            for number in range(workers):
                tasks.create_task(self._keep(number, workers, board), name=f"worker {number}")
                tasks.create_task(self._watch(number, board), name=f"watch of worker {number}")
            await self._stopping.wait()
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await asyncio.gather(*(each.wait() for each in self._processes.values()))
            self._signal(signal.SIGKILL)
        if self._spare is not None:
            _told(self._spare)
            await self._spare.wait()
        return self._status

    async def _keep(self, number: int, workers: int, board: Board) -> None:
        respawn = Respawn()
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            process = await self._start(number, workers)
            status = await process.wait()
            board.wipe(number)
            if self._stopping.is_set():
                return
            match respawn.died(status, self._clock.monotonic() - began):
                case EndAll(status):
                    self.stop(status)
                case again:
                    _log.error("a worker ended", worker=number, status=status, pause=again.pause)
                    await self._pause(again.pause)

    async def _watch(self, number: int, board: Board) -> None:
        watch = Watch()
        while not self._stopping.is_set():
            await self._pause(LOOK_EVERY)
            if watch.hangs(board.read(number, Figure.BEAT)):
                _log.error("a worker hangs and is killed", worker=number)
                self._processes[number].kill()
                watch = Watch()

    async def _start(self, number: int, workers: int) -> asyncio.subprocess.Process:
        async with self._starting:
            process = self._spare
            if process is None or process.returncode is not None:
                process = await self._loading(workers)
            self._processes[number] = process
            _told(process, number)
            if self._stopping.is_set():  # it was told too early
                process.send_signal(signal.SIGTERM)
            self._spare = None
            self._spare = await self._loading(workers)
        return process

    async def _loading(self, workers: int) -> asyncio.subprocess.Process:
        """A process that will be a worker as soon as it hears which one."""
        held, listener = self._held, self._listener.fileno()
        edge_log = () if held.edge_log is None else (held.edge_log,)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "telpher", "worker", str(workers)),
            *("--listener", str(listener), "--meeting", str(self._meeting)),
            *("--leash", str(held.leash)),
            *(f"--edge-log={each}" for each in edge_log),
            pass_fds=(listener, held.claim, held.leash, *edge_log),
            stdin=asyncio.subprocess.PIPE,
        )

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def _told(process: asyncio.subprocess.Process, number: int | None = None) -> None:
    """It hears which worker it is, or that it is not wanted."""
    if process.stdin is not None:
        if number is not None:
            process.stdin.write(f"{number}\n".encode())
        process.stdin.close()


def _plays_counted(settings: Settings) -> int:
    """How many plays a worker may have that have to be counted with those of the others."""
    if settings.max_streams:
        return settings.max_streams
    return MOST_REMEMBERED if settings.max_streams_per_user else 0


@contextlib.contextmanager
def _pipe() -> Iterator[int]:
    """The end of a pipe to read from; the other one is this process's alone."""
    leash, ours = os.pipe()
    try:
        yield leash
    finally:
        os.close(leash)
        os.close(ours)
