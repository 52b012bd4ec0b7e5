"""Processes under test: started, pinned, watched from outside, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.machine import environment, pin

MIB: Final = 1 << 20
_GRACE: Final = 10.0  # seconds from SIGTERM to SIGKILL; more than any of them needs
_TOLD: Final = 2000  # characters of its log that a process which ended too early is quoted with


class EndedError(Exception):
    """A process under test is gone, or never came up; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far, threads included, and what it holds now."""

    cpu_seconds: float
    rss_mib: float
    sockets: int
    descriptors: int
    threads: int


class Child:
    """One running process."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._watched = psutil.Process(process.pid)

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.returncode is not None

    def usage(self) -> Usage:
        """CPU, memory and sockets; raises EndedError."""
        try:
            with self._watched.oneshot():
                times = self._watched.cpu_times()
                return Usage(
                    cpu_seconds=times.user + times.system,
                    rss_mib=self._watched.memory_info().rss / MIB,
                    sockets=len(self._watched.net_connections(kind="inet")),
                    descriptors=self._watched.num_fds(),
                    threads=self._watched.num_threads(),
                )
        except psutil.Error as error:
            raise self.failure() from error

    def cpu_seconds(self) -> float:
        """User and system time of all threads so far; raises EndedError."""
        try:
            times = self._watched.cpu_times()
        except psutil.Error as error:
            raise self.failure() from error
        return float(times.user + times.system)

    def processes(self) -> list[psutil.Process]:
        """Itself and those it has started."""
        return [self._watched, *self._watched.children()]

    def failure(self) -> EndedError:
        """The error that says how it ended."""
        said = self._log.read_text(encoding="utf-8", errors="replace")[-_TOLD:]
        return EndedError(f"{self._log.stem} ended (status {self._process.returncode}):\n{said}")

    async def line(self, beginning: str, seconds: float = 60) -> str:
        """The next line of its output that begins so, without that; raises EndedError."""
        assert self._process.stdout is not None  # noqa: S101  started() made it so
        async with asyncio.timeout(seconds):
            async for line in self._process.stdout:
                text = line.decode().strip()
                if text.startswith(beginning):
                    return text.removeprefix(beginning)
        raise self.failure()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(_GRACE):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        # Its pipe is read to the end, or the transport would stay open.
        await self._process.communicate()


@contextlib.asynccontextmanager
async def started(
    module: str, arguments: Sequence[str], log: Path, cores: frozenset[int], **env: str
) -> AsyncIterator[Child]:
    """`python -m MODULE ARGUMENTS` for the length of the block; standard error goes to `log`."""
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            cwd=log.parent,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
        )
    pin(cores, process.pid)
    child = Child(process, log)
    try:
        yield child
    finally:
        await child.stop()
