"""The systems that are measured, each a process that serves files of its bot over HTTP.

telpher         `telpher run`, as its users start it
telethon        a small server on Telethon's iter_download: 512 KiB a request, its most
telethon-1MiB   the same iterator, made to ask for 1 MiB
kurigram        a small server on kurigram's stream_media: 1 MiB a request
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench import telegram as tg
from bench.machine import Cores
from bench.process import Child, Usage, started
from bench.viewer import HOST, Play, Wish, watch

_UP_WITHIN: Final = 60.0  # seconds for a system to come up; they need about two
_POLL: Final = 0.05
METRICS_TOKEN: Final = "bench-metrics-no-secret-at-all-000"  # noqa: S105  opens nothing elsewhere
MIB: Final = 1 << 20
_WORKER: Final = "telpher-"  # how the process of a worker is called, before its number


@dataclass(frozen=True, slots=True)
class System:
    """What is measured. `chunk` is the size of its requests, None where it chooses itself."""

    name: str
    bot: tg.Bot
    module: str
    ready: str
    """The path that answers 200 once files can be had."""
    chunk: int | None = None
    needs_media_address: bool = False
    """Opens two connections with one key, which only media addresses allow."""

    @property
    def is_baseline(self) -> bool:
        return self.chunk is not None


TELPHER: Final = System("telpher", tg.TELPHER, "telpher", "/health/ready")
TELETHON: Final = System(
    "telethon", tg.TELETHON, "bench.baselines.telethon_server", "/ready", MIB // 2
)
TELETHON_1MIB: Final = System(
    "telethon-1MiB", tg.TELETHON_1MIB, "bench.baselines.telethon_server", "/ready", MIB
)
KURIGRAM: Final = System(
    "kurigram", tg.KURIGRAM, "bench.baselines.kurigram_server", "/ready", MIB, True
)
BASELINES: Final = (TELETHON, TELETHON_1MIB, KURIGRAM)
ALL: Final = (TELPHER, *BASELINES)


class Gateway:
    """A system at work in front of one Telegram. Keeps its port over a restart: links stay good."""

    def __init__(self, system: System, telegram: tg.Telegram, folder: Path, cores: Cores) -> None:
        self.system = system
        self.telegram = telegram
        self.port = free_port()
        self._folder = folder / system.name
        self._cores = cores
        self._stack = contextlib.AsyncExitStack()
        self._child: Child
        self._more: dict[str, str] = {}
        self._folder.mkdir(exist_ok=True)

    @property
    def name(self) -> str:
        return self.system.name

    async def start(self, **more: str) -> None:
        """Start it and wait until it serves; `more` is for its environment. Raises EndedError."""
        self._more = more
        arguments, env = self._call()
        self._child = await self._stack.enter_async_context(
            started(
                self.system.module,
                arguments,
                self._folder / f"{self.name}.log",
                self._cores.gateway,
                **env,
                **more,
            )
        )
        async with asyncio.timeout(_UP_WITHIN):
            while True:
                if (await watch(Wish(self.port, self.system.ready))).status == 200:
                    return
                if self._child.ended:
                    raise self._child.failure()
                await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """End it."""
        await self._stack.aclose()

    async def restart(self) -> None:
        """End it and start it again: what it had in memory is gone."""
        await self.stop()
        await self.start(**self._more)

    def _call(self) -> tuple[list[str], dict[str, str]]:
        servers, token = str(self.telegram.servers), self.system.bot.token
        if self.system.chunk is not None:
            arguments = ["--servers", servers, "--token", token, "--port", str(self.port)]
            return [*arguments, "--chunk", str(self.system.chunk)], {}
        return ["run"], {
            "API_ID": "1",
            "API_HASH": "0123456789abcdef0123456789abcdef",
            "BOT_TOKEN": token,
            "TELEGRAM_SERVERS": servers,
            "HOST": HOST,
            "PORT": str(self.port),
            "WORK_DIR": str(self._folder / "work"),
            "RATE_LIMIT_PER_MINUTE": "0",
            "METRICS_TOKEN": METRICS_TOKEN,
            "LOG_LEVEL": "WARNING",
        }

    def usage(self) -> Usage:
        """What the process uses; raises EndedError."""
        return self._child.usage()

    def cpu_seconds(self) -> float:
        """What it has used so far; raises EndedError."""
        return self._child.cpu_seconds()

    def workers(self) -> list[psutil.Process]:
        """The processes that serve: with WORKERS its children, in their order, else itself."""
        itself, *children = self._child.processes()
        numbered = [each for each in children if each.name().startswith(_WORKER)]
        return sorted(numbered, key=_number_of) or [itself]

    async def links(self, count: int, size: int, dc: int = tg.HOME_DC) -> list[tg.Link]:
        """The links of so many files nobody has seen before."""
        files = [await self.telegram.make_file(size, dc) for _ in range(count)]
        return await self.telegram.links(self.system.bot, files)

    async def link(self, size: int, dc: int = tg.HOME_DC) -> tg.Link:
        """The link of a file nobody has seen before."""
        return (await self.links(1, size, dc))[0]

    def wish(self, link: tg.Link, start: int = 0) -> Wish:
        """A GET of a link from `start` on, its bytes compared."""
        return Wish(self.port, link.path, start, document=link.document)

    async def head(self, link: tg.Link) -> Play:
        """A HEAD: makes the file's properties known and fetches none of its bytes."""
        return await watch(Wish(self.port, link.path, method="HEAD"))


@contextlib.asynccontextmanager
async def gateway(
    system: System, telegram: tg.Telegram, folder: Path, cores: Cores, **more: str
) -> AsyncIterator[Gateway]:
    """A system at work, for the length of the block."""
    one = Gateway(system, telegram, folder, cores)
    try:
        await one.start(**more)
        yield one
    finally:
        await one.stop()


def _number_of(worker: psutil.Process) -> int:
    return int(worker.name().removeprefix(_WORKER))


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
