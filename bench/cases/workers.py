"""Two workers beside one: what a GiB costs each of them, and whether both together give twice.

The source of the bytes is cheap, so that it bounds nothing: the disk cache, filled before, with
little memory above it. Each worker has four files and as many viewers.

Where there are four cores each worker has one of its own, and all serve at once. On fewer they
share one: then each is measured in turn, while the other has nothing to do; the row of both has
them at once on that core, where they take it from each other, and throughput tells nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import psutil

from bench import telegram as tg
from bench.cases.naming import ONE_WORKER, TWO_WORKERS, worker_of, workers_case
from bench.curl import Errand, received
from bench.machine import Cores, pin
from bench.process import EndedError
from bench.stage import Stage
from bench.systems import MIB, Gateway, System, gateway
from bench.telegram import Link
from bench.viewer import HOST, fetch, watch
from telpher.core.sharing import owner

_GIB: Final = 1 << 30
_FILES: Final = 4
_TIMES: Final = 4  # that each is read in one run
_FILLING_MOST: Final = 10
_POLL: Final = 0.05

_SETTINGS: Final = {"DISK_CACHE_GB": "8", "CHUNK_CACHE_MB": "16"}
_SYSTEMS: Final = {
    1: System(ONE_WORKER, tg.TELPHER, "telpher", "/health/ready"),
    2: System(TWO_WORKERS, tg.TELPHER_SECOND, "telpher", "/health/ready"),
}


async def measure(stage: Stage, cores: Cores) -> None:
    """A row for one worker, for each of two, and for both together."""
    async with _serving(stage, cores, 1) as one, _serving(stage, cores, 2) as two:
        crews = [one, two]
        for crew in crews:
            await crew.fill(stage)
        for _ in range(stage.plan.cpu_runs):
            for crew in crews:
                await crew.run(stage, cores)
            crews.reverse()


@dataclass(slots=True)
class _Crew:
    """One telpher's workers, each with files of its own."""

    gateway: Gateway
    workers: list[psutil.Process]
    links: list[list[Link]]

    @property
    def name(self) -> str:
        return self.gateway.name

    async def fill(self, stage: Stage) -> None:
        """Finds files for each worker, and has all of them on disk; raises EndedError."""
        size = max(stage.plan.cpu_bytes // _FILES, MIB)
        while any(len(links) < _FILES for links in self.links):
            link = await self.gateway.link(size)
            links = self.links[owner(f"GET {link.path} ".encode(), len(self.workers)) or 0]
            if len(links) < _FILES:
                links.append(link)
        chosen = [link for links in self.links for link in links]
        for _ in range(_FILLING_MOST):
            before = [await stage.telegram.served(link.document) for link in chosen]
            for link in chosen:
                await watch(self.gateway.wish(link))
            if [await stage.telegram.served(link.document) for link in chosen] == before:
                return
        raise EndedError(f"{self.name}: the files do not stay on disk")

    async def run(self, stage: Stage, cores: Cores) -> None:
        """All files are read; one more sample for each row."""
        case, everybody = workers_case(stage.profile), range(len(self.workers))
        row = stage.row(case, self.gateway)
        used, size, seconds = await self._read(everybody)
        row.add(cpu_s_per_gib=sum(used) * _GIB / size)
        if len(everybody) == 1 or _has_a_core_each(cores):
            row.add(mb_s=size / seconds / 1e6)
        else:
            row.note("not measurable on fewer than four cores: throughput")
            used = [(await self._read([number]))[0][number] for number in everybody]
        for number in everybody if len(everybody) > 1 else ():
            one = stage.results.row(case, worker_of(self.name, number))
            one.add(cpu_s_per_gib=used[number] * _GIB * len(everybody) / size)

    async def _read(self, some: Sequence[int]) -> tuple[list[float], int, float]:
        """CPU seconds of each worker while the files of some are read, their bytes, and how long it
        took."""
        cpu, began = self._cpu(), perf_counter()
        url = f"http://{HOST}:{self.gateway.port}"
        links = [link for number in some for link in self.links[number]]
        got = await received([Errand(url + link.path, _TIMES) for link in links])
        seconds = perf_counter() - began
        used = [after - before for before, after in zip(cpu, self._cpu(), strict=True)]
        return used, sum(got), seconds

    def _cpu(self) -> list[float]:
        times = [worker.cpu_times() for worker in self.workers]
        return [each.user + each.system for each in times]


def _has_a_core_each(cores: Cores) -> bool:
    return len(cores.gateway) >= len(_SYSTEMS)


async def _all_well(one: Gateway) -> bool:
    _, body = await fetch(one.port, "/health")
    return bool(json.loads(body)["status"] == "healthy")


def _pin_all(process: psutil.Process, core: int) -> None:
    for thread in process.threads():
        with contextlib.suppress(ProcessLookupError):
            pin(frozenset({core}), thread.id)


@contextlib.asynccontextmanager
async def _serving(stage: Stage, cores: Cores, of: int) -> AsyncIterator[_Crew]:
    """That many workers, each pinned, all of them connected."""
    more = {**_SETTINGS, "WORKERS": str(of)}
    async with gateway(_SYSTEMS[of], stage.telegram, stage.folder, cores, **more) as one:
        while not await _all_well(one):  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(_POLL)
        workers = one.workers()
        if _has_a_core_each(cores):
            for worker, core in zip(workers, sorted(cores.gateway), strict=False):
                _pin_all(worker, core)
        yield _Crew(one, workers, [[] for _ in workers])
