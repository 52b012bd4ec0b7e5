"""CPU seconds of the gateway's process for each GiB delivered, with no latency in the way.

User and system time of all its threads, over a play of a file that nobody has asked
for before. The bytes are
counted, not compared: comparing them would take from the viewers' core what tgfake needs.
"""

from __future__ import annotations

from typing import Final

from bench import bare
from bench.cases.naming import cpu_case
from bench.machine import Cores
from bench.results import BARE
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import Link
from bench.viewer import Play, watch

_SIZE: Final = 4000 * MIB
GIB: Final = 1 << 30


async def measure(stage: Stage, cores: Cores) -> None:
    """A row for each system, and the bare one in between."""
    plan, case = stage.plan, cpu_case(stage.profile)
    for one in stage.gateways:
        await _play(stage, one, await one.link(_SIZE), plan.cpu_bytes // 8)
    for number, one in enumerate(stage.rounds(plan.cpu_runs)):
        if number % len(stage.gateways) == 0:
            cost = await bare.cost(plan.cpu_bytes, cores.gateway)
            stage.results.row(case, BARE).add(cpu_s_per_gib=cost.cpu_s_per_gib, mb_s=cost.mb_s)
        link = await one.link(_SIZE)
        await one.head(link)
        before = one.cpu_seconds()
        play = await _play(stage, one, link, plan.cpu_bytes)
        row = stage.row(case, one)
        if play.trouble or not play.received:
            row.note(f"failed after {play.received} bytes: {play.trouble}")
            continue
        used = one.cpu_seconds() - before
        row.add(
            cpu_s_per_gib=used * GIB / play.received, mb_s=play.rate, rss_mb=one.usage().rss_mib
        )


async def _play(stage: Stage, one: Gateway, link: Link, take: int) -> Play:
    wish = one.wish(link, stage.place(0, 4, _SIZE))
    wish.take, wish.document = take, None
    return await watch(wish)
