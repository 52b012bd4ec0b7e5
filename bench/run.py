"""The order of a run: which cases, in front of which Telegram, with which systems.

Every act has a tgfake of its own; a case that fails is told in a row and on standard error, and the
others go on: a benchmark fails nothing, and tells the truth.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bench import machine
from bench.cases import (
    cpu,
    crowd,
    edge,
    faults,
    first_byte,
    one_viewer,
    seeks,
    sharing,
    two_bots,
    web_cost,
    workers,
)
from bench.machine import Cores
from bench.plan import ASIDE, Plan
from bench.process import EndedError
from bench.profile import CROWDED, FAR, FLOODED, LOOPBACK, NEAR, USUAL, Profile
from bench.ratios import ratios
from bench.results import Results
from bench.stage import Stage, staged
from bench.systems import ALL, KURIGRAM, TELPHER, System
from tgfake.control import ControlError

Case = Callable[[Stage], Awaitable[None]]
_BEGAN: Final = perf_counter()
_TROUBLE: Final = (EndedError, ControlError, OSError, TimeoutError, LookupError, ValueError)
"""What a system that is broken, or a machine that is too slow, makes of a case."""


@dataclass(frozen=True, slots=True)
class Act:
    """Cases in front of one Telegram."""

    profile: Profile
    cases: Sequence[Case]
    systems: Sequence[System] = ALL
    settings: dict[str, str] = field(default_factory=dict)
    """More of telpher's settings."""
    plan: Plan | None = None
    """Another one than the run's."""


def acts(plan: Plan, cores: Cores) -> list[Act]:
    """What a plan comes to."""
    main: list[Case] = [first_byte.measure, one_viewer.measure, sharing.measure]
    distance: list[Case] = [first_byte.measure, one_viewer.at_home]
    the_cpu = functools.partial(cpu.measure, cores=cores)
    the_web = functools.partial(web_cost.measure, cores=cores)
    the_edge = functools.partial(edge.measure, cores=cores)
    the_workers = functools.partial(workers.measure, cores=cores)
    if plan.name == "tiny":
        few = (TELPHER, KURIGRAM)
        return [
            Act(USUAL, [*main, seeks.measure], few),
            Act(LOOPBACK, [the_cpu, the_web], few),
            Act(LOOPBACK, [the_workers, the_edge], []),
        ]
    chosen = [
        Act(USUAL, [*main, seeks.measure, faults.measure]),
        Act(USUAL, [two_bots.measure], [TELPHER], two_bots.SETTINGS),
        Act(LOOPBACK, [the_cpu, the_web]),
        Act(LOOPBACK, [the_workers, the_edge], []),
    ]
    if plan.name == "full":
        chosen += [Act(profile, distance, plan=ASIDE) for profile in (NEAR, FAR)]
        chosen += [Act(FLOODED, [one_viewer.at_home], plan=ASIDE)]
    if plan.crowd:
        # In front of a tgfake each: what one leaves behind would slow the next.
        chosen += [Act(CROWDED, [crowd.measure], [system]) for system in ALL]
    return chosen


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"bench: {perf_counter() - _BEGAN:4.0f} s  {text}\n")
    sys.stderr.flush()


async def run(plan: Plan, chosen: Sequence[Act], cores: Cores) -> tuple[Results, dict[str, Any]]:
    """The rows, and the report that holds them."""
    results, troubles = Results(), []
    told = machine.describe(cores)
    machine.pin(cores.others)
    for act in chosen:
        with tempfile.TemporaryDirectory(prefix="telpher-bench-") as folder:
            troubles += await _play(act, plan, results, Path(folder), cores)
    found = ratios(results)
    return results, {
        "plan": plan.name,
        "machine": told,
        "rows": [row.as_json() for row in results],
        "ratios": {ratio.name: _short(ratio.value) for ratio in found},
        "reasons": {ratio.name: ratio.reason for ratio in found if ratio.value is None},
        "asked": {ratio.name: ratio.asked for ratio in found},
        "reached": {ratio.name: ratio.reached for ratio in found},
        "troubles": troubles,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


async def _play(act: Act, plan: Plan, results: Results, folder: Path, cores: Cores) -> list[str]:
    """What went wrong."""
    troubles: list[str] = []
    try:
        async with staged(act.profile, act.systems, folder, cores, act.settings) as stage_of:
            stage = stage_of(act.plan or plan, results)
            for case in act.cases:
                troubles += await _one(case, stage)
    except _TROUBLE as error:
        troubles.append(_tell(f"{act.profile.name}: nothing could be started", error))
    return troubles


async def _one(case: Case, stage: Stage) -> list[str]:
    name = getattr(case, "func", case).__module__.rpartition(".")[2]
    say(f"{stage.profile.name}: {name} ({', '.join(one.name for one in stage.gateways)})")
    try:
        await case(stage)
    except _TROUBLE as error:
        return [_tell(f"{stage.profile.name}: {name}", error)]
    except ExceptionGroup as group:
        matching, rest = group.split(_TROUBLE)
        if rest is not None:
            raise rest from None
        return [_tell(f"{stage.profile.name}: {name}", matching or group)]
    return []


def _tell(where: str, error: Exception) -> str:
    text = "".join(traceback.format_exception_only(error)).strip()
    say(f"FAILED {where}: {text}")
    return f"{where}: {text}"
