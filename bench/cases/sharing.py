"""Twenty viewers of one file at the same time: how often its bytes are fetched."""

from __future__ import annotations

import asyncio
from time import perf_counter

from bench.cases.naming import shared_case
from bench.stage import Stage
from bench.viewer import watch


async def measure(stage: Stage) -> None:
    """One run a system: what is counted does not vary with the machine."""
    plan, case = stage.plan, shared_case(stage.profile)
    for one in stage.gateways[: plan.side_systems]:
        link = await one.link(plan.shared_bytes)
        began = perf_counter()
        plays = await asyncio.gather(*(watch(one.wish(link)) for _ in range(plan.viewers)))
        seconds = perf_counter() - began
        await stage.telegram.settle()
        row = stage.row(case, one)
        row.add(
            mb_s=sum(play.received for play in plays) / seconds / 1e6,
            upstream_ratio=await stage.telegram.served(link.document) / link.size,
            rss_mb=one.usage().rss_mib,
        )
        broken = sum(not play.whole for play in plays)
        if broken:
            row.note(f"{broken} of {plan.viewers} viewers did not get the file")
