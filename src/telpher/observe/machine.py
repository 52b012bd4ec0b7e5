"""How busy the machine is, looked at by a thread of its own, so that whoever asks never waits.

    run      a job: has the thread look, every few seconds
    load     what it saw last

A file system may hang for ever (a network disk whose server is gone): then the thread does, and
nothing else. No second one is begun beside it, and it does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

EVERY: Final = 5.0

# Seconds. A healthy disk tells how full it is within a millisecond.
PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of a file system; `free` are those that this process may use."""

    size: int
    free: int

    @property
    def percent(self) -> float:
        """How full it is."""
        return round(100 * (1 - self.free / self.size), 1) if self.size else 100.0


@dataclass(frozen=True, slots=True)
class Load:
    """Of the whole machine; memory in bytes. `disk` is None while nothing is known of it, and
    `trouble` says why that is so where there is a reason."""

    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    memory_available: int = 0
    disk: Disk | None = None
    trouble: str = ""


Look = Callable[[], Load]


def look_at(folder: Path) -> Look:
    """What looks at the machine and at the file system of `folder`; it may hang. The CPU's load is
    that since the look before."""

    def look() -> Load:
        memory = psutil.virtual_memory()
        load = Load(psutil.cpu_percent(interval=None), memory.percent, memory.available)
        try:
            usage = psutil.disk_usage(str(folder))
        except OSError as error:
            return replace(load, trouble=error.strerror or repr(error))
        return replace(load, disk=Disk(usage.total, usage.free))

    return look


class Machine:
    """See the module."""

    def __init__(
        self,
        look: Look,
        patience: float = PATIENCE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._look = look
        self._patience = patience
        self._sleep = sleep
        self._load = Load()
        self._looking = False
        self._seen = asyncio.Event()

    def load(self) -> Load:
        """As it was at the last look."""
        return self._load

    async def run(self) -> None:
        """Has it looked at until cancelled."""
        while True:
            await self.look()
            await self._sleep(EVERY)

    async def look(self) -> None:
        """Looks once; gives up waiting where that takes too long."""
        if not self._looking:
            self._looking = True
            self._seen.clear()
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._in_thread, args=(loop,), daemon=True).start()
        try:
            async with asyncio.timeout(self._patience):
                await self._seen.wait()
        except TimeoutError:
            self._load = replace(self._load, disk=None, trouble="the disk does not answer")

    def _in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        load = self._look()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(self._saw, load)

    def _saw(self, load: Load) -> None:
        self._load = load
        self._looking = False
        self._seen.set()
