"""The soak: many viewers, seeks, aborts and every fault for minutes; does everything come back?

    warm-up   a fifth of the time: viewers and faults, so that caches, windows and connections are
              as large as they get; then calm, and the process is looked at
    load      the rest of the time; then calm, and the process is looked at again

Viewers behave as players do (players.md): most leave early, seek, pause, or ask for a short range,
and every byte is compared. A body that is visibly broken off is allowed while faults strike, wrong
bytes never. The cache is small, so that it is full after the warm-up, yet has a seat for each of
200 viewers. While they are there, memory is looked at twice a second.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bench import telegram as tg
from bench.cases.crowd import ABOVE_MB, reserved_mb
from bench.machine import Cores, pin
from bench.profile import NEAR
from bench.systems import MIB, TELPHER, Gateway, gateway
from bench.viewer import Play, fetch, watch
from tgfake.faults import Kind

CACHE_MB: Final = 128
_FILES: Final = 40
_DOOMED: Final = 10
"""Files whose message is deleted while they are watched."""
_PACE: Final = 0.25e6
"""Bytes a second: 200 viewers are 50 MB/s."""
_LONGEST_PLAY: Final = 8.0
_BETWEEN_FAULTS: Final = (0.5, 3.0)
_EVERY: Final = 0.5
"""Seconds between two looks at the memory under load."""
_CALM: Final = 90.0
"""Seconds that sockets and tasks have to go: idle connections are closed after 60."""
_RSS_SLACK: Final = 1.1
_SLACK: Final = 3
"""Sockets, descriptors, tasks more than before that mean nothing: a connection just being kept."""

_HONEST: Final = {
    404: "message deleted",
    410: "message deleted",
    503: "asked to come back later",
}

# What a fault of each kind needs beyond the number of times.
_FAULTS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.FLOOD_WAIT: {"method": "upload.getFile", "seconds": 1, "times": 20},
    Kind.FLOOD_PREMIUM_WAIT: {"method": "upload.getFile", "seconds": 1, "times": 20},
    Kind.REFERENCE_EXPIRED: {},
    Kind.TIMEOUT: {"method": "upload.getFile", "times": 10},
    Kind.INTERNAL: {"method": "upload.getFile", "times": 10},
    Kind.AUTH_BYTES_INVALID: {},
    Kind.UNREGISTERED: {"method": "upload.getFile", "dc": tg.FOREIGN_DC},
    Kind.DUPLICATED: {"method": "upload.getFile", "dc": tg.PLAIN_DC},
    Kind.SILENT: {"method": "upload.getFile", "times": 2},
    Kind.LATE: {"method": "upload.getFile", "times": 5, "seconds": 2},
    Kind.REORDER: {"method": "upload.getFile", "times": 5, "seconds": 1},
    Kind.SHORT: {"times": 2},
    Kind.TWICE: {"method": "upload.getFile", "times": 5},
    Kind.CDN_REDIRECT: {},
    Kind.RESET: {"method": "upload.getFile"},
    Kind.HALF_OPEN: {"method": "upload.getFile"},
    Kind.NO_KEY: {"method": "upload.getFile", "dc": tg.FOREIGN_DC},
    Kind.TOO_MANY: {"method": "upload.getFile"},
    Kind.BAD_SALT: {"method": "upload.getFile", "times": 3},
    Kind.BAD_MESSAGE: {"method": "upload.getFile", "times": 3},
}


def _ended(play: Play) -> str:
    return f"answer {play.status}" if play.status else "left while it was held up by faults"


@dataclass(slots=True)
class Tally:
    """What the viewers saw."""

    plays: int = 0
    received: int = 0
    wrong: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Plays that got an honest answer instead of bytes."""
    without: Counter[str] = field(default_factory=Counter)
    """Plays that ended before the first byte though there was one to be had, and how."""
    broken: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    most_rss_mib: float = 0.0
    most_reserved_mib: float = 0.0

    def look(self, rss_mib: float, reserved_mib: float | None) -> None:
        """The memory at some moment."""
        self.most_rss_mib = max(self.most_rss_mib, rss_mib)
        self.most_reserved_mib = max(self.most_reserved_mib, reserved_mib or 0.0)

    def count(self, play: Play) -> None:
        """One more play has ended."""
        self.plays += 1
        self.received += play.received
        if play.status in _HONEST:
            self.refused[_HONEST[play.status]] += 1
        elif not play.received:
            self.without[play.trouble or _ended(play)] += 1
        self.statuses[play.status] += 1
        good = play.status in (200, 206)
        if good and play.wrong_at is not None:
            self.wrong += 1
        if play.trouble:
            self.broken[play.trouble] += 1


@dataclass(frozen=True, slots=True)
class State:
    """The process, looked at from outside; `tasks` None where /health does not tell."""

    rss_mib: float
    sockets: int
    descriptors: int
    threads: int
    tasks: int | None


class Soak:
    """One telpher under load."""

    def __init__(self, one: Gateway, viewers: int, links: list[tg.Link]) -> None:
        self._one = one
        self._viewers = viewers
        self._links = links
        self._doomed = links[-_DOOMED:]
        self._chance = random.Random(1)  # noqa: S311  # repeatable, guards nothing
        self.tally = Tally()

    async def load(self, seconds: float) -> None:
        """Viewers and faults for that long; then no more faults, and all viewers have left."""
        until = perf_counter() + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._viewers):
                tasks.create_task(self._view(until))
            tasks.create_task(self._disturb(until))
            tasks.create_task(self._watch_memory(until))
        await self._one.telegram.control("calm")

    async def _view(self, until: float) -> None:
        await asyncio.sleep(self._chance.random() * _LONGEST_PLAY)
        while perf_counter() < until:
            play = await watch(self._wish())
            self.tally.count(play)
            if not play.received:
                # As a player does after an error.
                await asyncio.sleep(1)

    def _wish(self) -> Any:
        chance = self._chance
        link = chance.choice(self._links)
        start = chance.choice((0, 0, chance.randrange(link.size), link.size - 64 * 1024))
        wish = self._one.wish(link, start)
        wish.buffer, wish.pace = 64 << 10, _PACE
        match chance.randrange(4):
            case 0:  # looks into the file and leaves
                wish.take = 64 << 10
            case 1:  # a fragment
                wish.stop = min(link.size, start + chance.randrange(1, MIB))
            case 2:  # pauses: the socket is full, nothing is read
                wish.pace = _PACE / 20
        wish.seconds = chance.uniform(1, _LONGEST_PLAY)
        return wish

    async def _disturb(self, until: float) -> None:
        chance, control = self._chance, self._one.telegram.control
        while perf_counter() < until:
            await asyncio.sleep(chance.uniform(*_BETWEEN_FAULTS))
            link = chance.choice(self._links)
            match chance.randrange(len(_FAULTS) + 4):
                case 0:
                    await control("expire")
                    self.tally.faults["expire"] += 1
                case 1:
                    await control("move", document=link.document, dc=chance.randrange(1, 6))
                    self.tally.faults["move"] += 1
                case 2:
                    await control("disconnect", dc=chance.randrange(1, 6))
                    self.tally.faults["disconnect"] += 1
                case 3 if self._doomed:
                    gone = self._doomed.pop()
                    who = {"person": tg.PERSON, "chat": TELPHER.bot.name}
                    await control("delete", **who, message=gone.message)
                    self.tally.faults["delete"] += 1
                case _:
                    kind = chance.choice(list(_FAULTS))
                    await control("fault", kind=kind, **_FAULTS[kind])
                    self.tally.faults[str(kind)] += 1

    async def _watch_memory(self, until: float) -> None:
        while perf_counter() < until:
            self.tally.look(self._one.usage().rss_mib, await reserved_mb(self._one))
            await asyncio.sleep(_EVERY)

    async def state(self, before: State | None = None) -> State:
        """The process at rest; waits for it to come down to `before`."""
        until = perf_counter() + _CALM
        while True:
            await asyncio.sleep(1)
            state = await self._look()
            if perf_counter() > until or (before is not None and not grown(before, state)):
                return state

    async def _look(self) -> State:
        usage = self._one.usage()
        _, body = await fetch(self._one.port, "/health")
        tasks = json.loads(body).get("process", {}).get("tasks")
        return State(usage.rss_mib, usage.sockets, usage.descriptors, usage.threads, tasks)


def grown(before: State, after: State) -> list[str]:
    """What is more than it was, in words."""
    found = []
    if after.rss_mib > before.rss_mib * _RSS_SLACK:
        found.append(f"memory {before.rss_mib:.0f} -> {after.rss_mib:.0f} MiB")
    pairs = {
        "sockets": (before.sockets, after.sockets),
        "descriptors": (before.descriptors, after.descriptors),
        "threads": (before.threads, after.threads),
        "tasks": (before.tasks or 0, after.tasks or 0),
    }
    found += [f"{name} {a} -> {b}" for name, (a, b) in pairs.items() if b > a + _SLACK]
    return found


async def soak(seconds: float, viewers: int, cores: Cores) -> None:
    """Run it and print the report."""
    pin(cores.others)
    with tempfile.TemporaryDirectory(prefix="telpher-soak-") as name:
        folder = Path(name)
        async with (
            tg.telegram(NEAR, folder, cores) as telegram,
            gateway(TELPHER, telegram, folder, cores, CHUNK_CACHE_MB=str(CACHE_MB)) as one,
        ):
            each = [
                await one.links(_FILES // 5 + _DOOMED // 5, (16 + 40 * dc) * MIB, dc)
                for dc in range(1, 6)
            ]
            run = Soak(one, viewers, [link for links in zip(*each, strict=True) for link in links])
            await run.load(seconds / 5)
            before = await run.state()
            await run.load(seconds * 4 / 5)
            after = await run.state(before)
            sys.stdout.write(report(run.tally, before, after))
            crashes = (await telegram.counters())["crashes"]
            if crashes:
                sys.stdout.write(f"tgfake itself crashed {crashes} times: look there first\n")


def _part(tally: Tally) -> str:
    count = sum(tally.without.values())
    return f"{count} ({count / max(tally.plays, 1):.1%})"


def report(tally: Tally, before: State, after: State) -> str:
    """What came of it, for people."""
    lines = [
        f"plays {tally.plays}, {tally.received / 1e9:.2f} GB, answers {dict(tally.statuses)}",
        f"answered without bytes {sum(tally.refused.values())}: {dict(tally.refused)}",
        f"without a byte {_part(tally)}: {dict(tally.without)}",
        f"broken off {sum(tally.broken.values())}: {dict(tally.broken)}",
        f"faults {dict(tally.faults)}",
        f"most memory under load {tally.most_rss_mib:.0f} MiB ({CACHE_MB + ABOVE_MB} allowed), "
        f"reserved {tally.most_reserved_mib:.0f} ({CACHE_MB})",
        f"before {before}",
        f"after  {after}",
    ]
    healthy = len(lines)
    if tally.most_rss_mib > CACHE_MB + ABOVE_MB or tally.most_reserved_mib > CACHE_MB:
        lines.append("MEMORY above what is allowed")
    if tally.wrong:
        lines.append(f"WRONG BYTES in {tally.wrong} plays")
    lines += [f"GROWN: {each}" for each in grown(before, after)]
    if after.tasks is None:
        lines.append("tasks unknown: /health has no process.tasks yet")
    if len(lines) == healthy:
        lines.append("everything came back")
    return "\n".join(lines) + "\n"
