"""Seeks: what still comes from Telegram after the viewer has left.

The viewer plays a MiB and a half from some place and leaves; then everything that tgfake puts on
the wire counts, until nothing is in flight. What was already on its way when the viewer left cannot
be stopped by anyone: rate x round trip of the play's connections, 640 kB each at 80 ms and 8 MB/s.
"""

from __future__ import annotations

from typing import Final

from bench.cases.naming import seeks_case
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import Link
from bench.viewer import watch

_SIZE: Final = 4000 * MIB
_TASTE: Final = MIB + MIB // 2
_SLACK_KIB: Final = 192


async def measure(stage: Stage) -> None:
    """One row a system; a sequential server wastes about the same each time, so a few show it."""
    plan, profile = stage.plan, stage.profile
    for one in stage.gateways:
        seeks = plan.baseline_seeks if one.system.is_baseline else plan.seeks
        if not seeks:
            continue
        link = await one.link(_SIZE)
        row = stage.row(seeks_case(profile), one)
        for _ in range(seeks):
            wasted = await _seek(stage, one, link)
            row.add(wasted_kib=wasted / 1024)
        if profile.bandwidth is not None:
            each = profile.bandwidth * 1e6 * profile.rtt / 1024
            row.note(f"unavoidable: {each:.0f} KiB a connection; allowed {_SLACK_KIB} KiB more")


async def _seek(stage: Stage, one: Gateway, link: Link) -> int:
    wish = one.wish(link, stage.offset(_SIZE, 10 * MIB))
    wish.take = _TASTE
    await watch(wish)
    left = await stage.telegram.written()
    await stage.telegram.settle()
    return await stage.telegram.written() - left
