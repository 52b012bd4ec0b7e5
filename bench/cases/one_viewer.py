"""One viewer, as fast as it goes: throughput by data centre and network.

Each play is of a new file whose properties are known, from somewhere in it; its rate is of
all bytes until the last one came, the start included. Before it the system has had a play of the
same length, which is not counted: windows and numbers of connections are learned by then.
"""

from __future__ import annotations

from typing import Final

from bench.cases.naming import DCS, HOME, play_case
from bench.stage import Stage
from bench.systems import MIB, Gateway
from bench.telegram import MEDIA_DCS, Link
from bench.viewer import Play, watch

_SIZE: Final = 4000 * MIB
_TOO_MANY_FLOODS: Final = 0.02


async def measure(stage: Stage) -> None:
    """A row for each data centre; the home alone where the plan wants no others."""
    for where, dc in DCS.items():
        runs = stage.plan.play_runs if where == HOME else stage.plan.other_dc_runs
        if runs:
            await _measure_dc(stage, where, dc, runs)


async def at_home(stage: Stage) -> None:
    """The row of the home data centre."""
    await _measure_dc(stage, HOME, DCS[HOME], stage.plan.play_runs)


async def _measure_dc(stage: Stage, where: str, dc: int, runs: int) -> None:
    case = play_case(stage.profile, where)
    all_ = stage.gateways if where == HOME else stage.gateways[: stage.plan.side_systems]
    able = [one for one in all_ if dc in MEDIA_DCS or not one.system.needs_media_address]
    for one in all_:
        if one not in able:
            stage.row(case, one).note("loses its login there: two connections with one key")
    for one in able:
        await _play(stage, one, await one.link(_SIZE, dc))
    for one in stage.rounds(runs, able):
        link = await one.link(_SIZE, dc)
        await one.head(link)
        await stage.telegram.settle()
        before = await stage.telegram.counters()
        play = await _play(stage, one, link)
        row = stage.row(case, one)
        if play.wrong_at is not None or not play.received:
            row.note(f"failed at byte {play.wrong_at or 0}: {play.trouble}")
            continue
        row.add(mb_s=play.rate, rss_mb=one.usage().rss_mib)
        after = await stage.telegram.counters()
        floods = after["floods"] - before["floods"]
        if floods:
            calls = after["get_file_calls"] - before["get_file_calls"]
            share = floods / calls
            loud = " (2 % are allowed)" if share > _TOO_MANY_FLOODS else ""
            row.note(f"{floods} of {calls} requests were flooded{loud}")


async def _play(stage: Stage, one: Gateway, link: Link) -> Play:
    wish = one.wish(link, stage.place(0, 2, _SIZE))
    wish.seconds = stage.plan.play_seconds
    return await watch(wish)
