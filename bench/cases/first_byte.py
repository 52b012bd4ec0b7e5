"""Time to the first byte of the body: opened, sought, with cold properties, out of a cache.

Every file is new to the system until its row's play, so that no byte of it can be in a cache. Warm
means: the media connection is open and the file's properties are known (a HEAD came before, as
players send it). For cold properties the system is started again after the links were made, and
its connections are opened by a play of another file.
"""

from __future__ import annotations

from typing import Final

from bench.cases.naming import CACHED, COLD, OPEN, SEEK, ttfb_case
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import Link
from bench.viewer import Play, watch

_FILE: Final = 64 * MIB
_LARGE: Final = 2048 * MIB
_TASTE: Final = 64 << 10
"""Bytes after which the viewer leaves."""
_WARM_UP: Final = 4 * MIB


async def measure(stage: Stage) -> None:
    """All four rows."""
    plan = stage.plan
    links: dict[str, list[Link]] = {}
    for one in stage.gateways:
        large = await one.link(_LARGE)
        links[one.name] = [large, *await one.links(plan.cold_samples + plan.ttfb_samples, _FILE)]
        await one.restart()
        await _play(one, large, 0, _WARM_UP)
    await stage.telegram.settle()
    for number in range(plan.cold_samples):
        await _round(stage, COLD, {name: each[1 + number] for name, each in links.items()}, 0)
    for number in range(plan.ttfb_samples):
        chosen = {name: each[1 + plan.cold_samples + number] for name, each in links.items()}
        for one in stage.gateways:
            await one.head(chosen[one.name])
        await _round(stage, OPEN, chosen, 0)
        await _round(stage, CACHED, chosen, 0)
        # The first part of the large file has been played to warm up.
        start = stage.place(1 + number, 1 + plan.ttfb_samples, _LARGE)
        await _round(stage, SEEK, {name: each[0] for name, each in links.items()}, start)


async def _round(stage: Stage, kind: str, links: dict[str, Link], start: int) -> None:
    """One sample for every system; then what nobody waits for any more is let pass."""
    for one in stage.rounds(1):
        play = await _play(one, links[one.name], start, _TASTE)
        row = stage.row(ttfb_case(stage.profile, kind), one)
        if play.first_byte is None or play.wrong_at is not None:
            row.note(f"failed: {play.trouble or play.wrong_at}")
            continue
        row.add(ttfb_ms=play.first_byte * 1000)
    await stage.telegram.settle()


async def _play(one: Gateway, link: Link, start: int, take: int) -> Play:
    wish = one.wish(link, start)
    wish.take = take
    return await watch(wish)
