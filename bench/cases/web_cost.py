"""What telpher's web room costs beside the bytes: CPU seconds for each GiB, no Telegram behind it.

bench/web_server.py has the three servers; they are asked in turns, so that what else the machine
does strikes all alike, and the CPU of each is added up. `web` is what middleware, routes, signature
and limits add to the bare streaming response, `observing` what metrics and the log add to that. As
a part of what telpher needs for a GiB, from the row of the CPU, both are to be small.

A play is one long answer. Ranges of 1 MiB, each over a connection of its own, are what the most
restless players make of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.cases.naming import (
    OBSERVING,
    ONE_PLAY,
    RANGES,
    WEB,
    added_case,
    cpu_case,
    web_case,
)
from bench.machine import Cores
from bench.process import started
from bench.stage import Stage
from bench.systems import MIB, TELPHER
from bench.viewer import Wish, fetch, watch
from bench.web_server import SERVERS, path

GIB: Final = 1 << 30
_ROUNDS: Final = 8
_STEPS: Final = {WEB: ("bare", "plain"), OBSERVING: ("plain", "full")}


async def measure(stage: Stage, cores: Cores) -> None:
    """A row for each server and way of playing, and one for each difference."""
    size = max(stage.plan.cpu_bytes // 2, MIB)
    log = stage.folder / "web.log"
    async with started("bench.web_server", [], log, cores.gateway) as child:
        *ports, control = map(int, (await child.line("ports ")).split())
        room = Room(dict(zip(SERVERS, ports, strict=True)), control, size)
        for way, pieces in ((ONE_PLAY, 1), (RANGES, size // MIB)):
            await _measure(stage, room, way, pieces)


@dataclass(frozen=True, slots=True)
class Room:
    """The servers' ports, and how many bytes are asked of each at a time."""

    ports: dict[str, int]
    control: int
    size: int

    async def cost(self, name: str, pieces: int) -> float:
        """CPU seconds for each GiB, asked for in so many requests."""
        before = await self._cpu(name)
        each = self.size // pieces
        for number in range(pieces):
            wish = Wish(self.ports[name], path(), number * each, (number + 1) * each)
            play = await watch(wish)
            if not play.whole:
                raise OSError(f"{name}: {play.status} {play.trouble}")
        return (await self._cpu(name) - before) * GIB / self.size

    async def _cpu(self, name: str) -> float:
        _, told = await fetch(self.control, f"/{name}")
        return float(told)


async def _measure(stage: Stage, room: Room, way: str, pieces: int) -> None:
    spent = dict.fromkeys(SERVERS, 0.0)
    for number in range(-1, _ROUNDS):  # the first is to warm up
        first = number % len(SERVERS)
        for name in SERVERS[first:] + SERVERS[:first]:
            used = await room.cost(name, pieces)
            if number >= 0:
                spent[name] += used / _ROUNDS
                stage.results.row(web_case(stage.profile, way), name).add(cpu_s_per_gib=used)
    whole = stage.results.get(cpu_case(stage.profile), TELPHER.name, "cpu_s_per_gib")
    for what, (less, more) in _STEPS.items():
        added = spent[more] - spent[less]
        row = stage.results.row(added_case(stage.profile, way), what)
        row.add(cpu_s_per_gib=added)
        if whole:
            row.note(f"{added / whole:.1%} of telpher's {whole:.2f} s")
