"""Seeks: what still comes from Telegram after the viewer has left.

The viewer plays a MiB and a half from some place and leaves; then everything that tgfake puts on
the wire counts, until nothing is in flight. What was already on its way when the viewer left cannot
be stopped by anyone: rate x round trip of the play's connections, 640 kB each at 80 ms and 8 MB/s.
"""

from __future__ import annotations

import json
from typing import Final

from bench.cases.naming import seeks_case
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import HOME_DC, Link
from bench.viewer import fetch, watch

_SIZE: Final = 4000 * MIB
_TASTE: Final = MIB + MIB // 2
_SLACK_KIB: Final = 192


async def measure(stage: Stage) -> None:
    """One row a system; a sequential server wastes about the same each time, so a few show it."""
    plan = stage.plan
    for one in stage.gateways:
        seeks = plan.baseline_seeks if one.system.is_baseline else plan.seeks
        if not seeks:
            continue
        link = await one.link(_SIZE)
        row = stage.row(seeks_case(stage.profile), one)
        for number in stage.chance.sample(range(seeks), seeks):
            start = stage.place(number, seeks, _SIZE)
            wasted = await _seek(stage, one, link, start)
            row.add(wasted_kib=wasted / 1024)
            allowed = await _allowed_kib(stage, one)
            if allowed is not None and wasted / 1024 > allowed:
                row.note(f"{wasted / 1024:.0f} KiB, {allowed:.0f} are allowed: NOT REACHED")


async def _allowed_kib(stage: Stage, one: Gateway) -> float | None:
    """By the connections there are now: idle ones are closed. None where nothing is promised."""
    profile, connections = stage.profile, await _connections(one)
    if profile.bandwidth is None or not connections:
        return None
    return profile.bandwidth * 1e6 * profile.rtt / 1024 * connections + _SLACK_KIB


async def _connections(one: Gateway) -> int:
    """How many telpher has to the file's data centre; 0 for the others, which do not tell."""
    if one.system.is_baseline:
        return 0
    _, body = await fetch(one.port, "/health")
    return int(json.loads(body)["dc_connections"].get(str(HOME_DC), 0))


async def _seek(stage: Stage, one: Gateway, link: Link, start: int) -> int:
    wish = one.wish(link, start)
    wish.take = _TASTE
    await watch(wish)
    left = await stage.telegram.written()
    await stage.telegram.settle()
    return await stage.telegram.written() - left
