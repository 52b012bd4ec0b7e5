"""Two hundred viewers of as many files, a megabyte a second each: memory.

The files lie in all data centres that have a media address. The rate is what came of the 200 MB/s
on this machine, where tgfake encrypts all of it on the viewers' core; the memory is the most seen
in the gateway's process every quarter of a second. `reserved_mb` is what telpher says it has
promised to readers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Final

from bench.cases.naming import crowd_case
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import MEDIA_DCS, Link
from bench.viewer import Play, Wish, fetch, watch

_SIZE: Final = 256 * MIB
_PACE: Final = 1e6
_EVERY: Final = 0.25
_BUFFER: Final = 64 << 10
BUDGET_MB: Final = 256
"""telpher's CHUNK_CACHE_MB, by default."""
ABOVE_MB: Final = 150
"""What the process may use beyond it."""


async def measure(stage: Stage) -> None:
    """One run a system."""
    if not stage.plan.crowd:
        return
    for one in stage.gateways:
        await _measure(stage, one)


async def _measure(stage: Stage, one: Gateway) -> None:
    plan = stage.plan
    row = stage.row(crowd_case(stage.profile), one)
    for dc in MEDIA_DCS:
        # One first: fifty at once make some libraries open fifty connections.
        await watch(Wish(one.port, (await one.link(MIB, dc)).path))
    each = -(-plan.crowd // len(MEDIA_DCS))
    links = [link for dc in MEDIA_DCS for link in await one.links(each, _SIZE, dc)][: plan.crowd]
    seen: list[float] = []
    reserved: list[float] = []

    async def sample() -> None:
        seen.append(one.usage().rss_mib)
        told = await reserved_mb(one)
        if told is not None:
            reserved.append(told)

    async with _sampled(sample):
        plays = await asyncio.gather(*(watch(_wish(stage, one, link)) for link in links))
    row.add(mb_s=_rate(plays), rss_mb=max(seen), reserved_mb=max(reserved, default=None))
    broken = sum(bool(play.trouble) for play in plays)
    without = sum(not play.received for play in plays)
    if broken or without:
        row.note(f"of {plan.crowd} viewers {broken} were broken off, {without} got nothing")
    if not one.system.is_baseline:
        _compare(row.note, max(seen), reserved)


def _compare(note: Callable[[str], None], rss: float, reserved: list[float]) -> None:
    if rss > BUDGET_MB + ABOVE_MB:
        note(f"process above {BUDGET_MB + ABOVE_MB} MiB")
    if not reserved:
        note("reserved memory unknown: /health has no cache.reserved_bytes yet")
    elif max(reserved) > BUDGET_MB:
        note(f"reserved above {BUDGET_MB} MiB")


def _wish(stage: Stage, one: Gateway, link: Link) -> Wish:
    wish = one.wish(link)
    wish.pace, wish.seconds, wish.buffer = _PACE, stage.plan.crowd_seconds, _BUFFER
    # Comparing 200 MB/s would take from the viewers' core what tgfake needs; the soak does it.
    wish.document = None
    return wish


def _rate(plays: list[Play]) -> float:
    seconds = max(play.last_byte for play in plays)
    return sum(play.received for play in plays) / seconds / 1e6 if seconds else 0.0


@contextlib.asynccontextmanager
async def _sampled(sample: Callable[[], Any]) -> Any:
    async def repeat() -> None:
        while True:
            await sample()
            await asyncio.sleep(_EVERY)

    await sample()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(repeat())
        yield
        task.cancel()


async def reserved_mb(one: Gateway) -> float | None:
    """MiB that telpher has promised, as /health tells; None where it does not."""
    if one.system.is_baseline:
        return None
    _, body = await fetch(one.port, "/health")
    cache = json.loads(body).get("cache", {})
    told = cache.get("reserved_bytes")
    return None if told is None else float(told) / MIB
