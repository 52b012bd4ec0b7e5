"""What the rows add up to: telpher over the best of the others, and the figures to reach.

throughput_80ms      telpher's MB/s over the fastest baseline's: more is better
ttfb_80ms            telpher's time to the first body byte over that of the quickest server with
                     requests of 1 MiB; of opening and seeking the worse
ttfb_80ms_rtts       the same time in round trips
cpu                  telpher's CPU seconds per GiB over those of the cheapest baseline
cpu_over_bare        over decryption, hash and socket alone
cpu_web              what middleware, routes and limits add to the bare streaming response of one
                     play, as a part of telpher's CPU seconds per GiB
cpu_observing        the same of metrics and the log
cpu_workers          CPU seconds per GiB of the dearer of two workers over those of one alone
throughput_workers   MB/s of two workers over those of one, where there are cores for them
cpu_edge             telpher's CPU for a request of 32 MiB that nginx serves from its cache, over
                     that for one of 2 MiB: 1 means that it costs nothing by the byte
upstream_20_viewers  bytes fetched over the file's size, for twenty viewers of it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.cases import naming
from bench.profile import LOOPBACK, USUAL
from bench.results import BARE, Results
from bench.systems import BASELINES, TELPHER

_BASELINES: Final = {system.name for system in BASELINES}
_LARGE: Final = {system.name for system in BASELINES if system.chunk == 1 << 20}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure, or the reason why there is none; `bound` is what engine.md asks for."""

    name: str
    value: float | None
    bound: float | None
    """None: it only has to be stated."""
    at_least: bool = False
    reason: str = ""

    @property
    def reached(self) -> bool | None:
        """None where nothing was measured, or nothing is asked for."""
        if self.value is None or self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def asked(self) -> str:
        """What is asked for, in words."""
        if self.bound is None:
            return "to be stated"
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g}"

    def told(self) -> str:
        """A line for people."""
        asked = self.asked
        if self.value is None:
            return f"{self.name:20} -       {asked:14} not measured: {self.reason}"
        verdict = {True: "reached", False: "NOT REACHED", None: ""}[self.reached]
        return f"{self.name:20} {self.value:<7.3g} {asked:14} {verdict}".rstrip()


def ratios(results: Results) -> list[Ratio]:
    """All of them, in the order of the module's docstring."""
    open_, seek = (naming.ttfb_case(USUAL, kind) for kind in (naming.OPEN, naming.SEEK))
    shared = results.get(naming.shared_case(USUAL), TELPHER.name, "upstream_ratio")
    return [
        _over(
            results, naming.play_case(USUAL, naming.HOME), "mb_s", Bound("throughput_80ms", 5, max)
        ),
        _worst("ttfb_80ms", 0.5, [_ttfb(results, case) for case in (open_, seek)]),
        _worst("ttfb_80ms_rtts", 1.25, [_round_trips(results, case) for case in (open_, seek)]),
        _over(results, naming.cpu_case(LOOPBACK), "cpu_s_per_gib", Bound("cpu", 0.5, min)),
        _bare(results),
        _part(results, naming.WEB, 0.05),
        _part(results, naming.OBSERVING, 0.03),
        _workers_cpu(results),
        _workers_throughput(results),
        _edge(results),
        Ratio("upstream_20_viewers", shared, 1.05, reason="no row of 20 viewers"),
    ]


@dataclass(frozen=True, slots=True)
class Bound:
    """A ratio's name, its bound, and which baseline is the best."""

    name: str
    value: float
    best: Callable[..., float]


def _over(results: Results, case: str, figure: str, bound: Bound) -> Ratio:
    values = results.all(case, figure)
    others = [value for name, value in values.items() if name in _BASELINES]
    at_least = bound.best is max
    # A play of a MiB uses less CPU than the kernel's clock can tell.
    if TELPHER.name not in values or not others or not bound.best(others):
        return Ratio(bound.name, None, bound.value, at_least, f"a row of {case!r} is missing")
    return Ratio(bound.name, values[TELPHER.name] / bound.best(others), bound.value, at_least)


def _ttfb(results: Results, case: str) -> float | None:
    values = results.all(case, "ttfb_ms")
    others = [value for name, value in values.items() if name in _LARGE]
    return values[TELPHER.name] / min(others) if TELPHER.name in values and others else None


def _round_trips(results: Results, case: str) -> float | None:
    value = results.get(case, TELPHER.name, "ttfb_ms")
    return None if value is None else value / USUAL.latency_ms


def _worst(name: str, bound: float, values: list[float | None]) -> Ratio:
    there = [value for value in values if value is not None]
    worst = max(there) if len(there) == len(values) else None
    return Ratio(name, worst, bound, reason="a row of the time to first byte is missing")


def _bare(results: Results) -> Ratio:
    case = naming.cpu_case(LOOPBACK)
    own = results.get(case, TELPHER.name, "cpu_s_per_gib")
    bare = results.get(case, BARE, "cpu_s_per_gib")
    value = own / bare if own is not None and bare else None
    return Ratio("cpu_over_bare", value, None, reason=f"a row of {case!r} is missing")


def _part(results: Results, what: str, bound: float) -> Ratio:
    case = naming.added_case(LOOPBACK, naming.ONE_PLAY)
    own = results.get(naming.cpu_case(LOOPBACK), TELPHER.name, "cpu_s_per_gib")
    added = results.get(case, what, "cpu_s_per_gib")
    value = added / own if own and added is not None else None
    return Ratio(f"cpu_{what}", value, bound, reason=f"a row of {case!r} is missing")


def _workers_cpu(results: Results) -> Ratio:
    costs = results.all(naming.workers_case(LOOPBACK), "cpu_s_per_gib")
    alone = costs.pop(naming.ONE_WORKER, None)
    costs.pop(naming.TWO_WORKERS, None)
    value = max(costs.values()) / alone if costs and alone else None
    return Ratio("cpu_workers", value, 1.1, reason="no row of two workers")


def _workers_throughput(results: Results) -> Ratio:
    rates = results.all(naming.workers_case(LOOPBACK), "mb_s")
    one, two = rates.get(naming.ONE_WORKER), rates.get(naming.TWO_WORKERS)
    value = two / one if one and two else None
    reason = "not measurable on fewer than four cores"
    return Ratio("throughput_workers", value, 1.8, at_least=True, reason=reason)


def _edge(results: Results) -> Ratio:
    small, large = (
        results.get(naming.edge_case(LOOPBACK, size), naming.BEHIND_CACHE, "cpu_ms_per_request")
        for size in (naming.SMALL_RANGE, naming.LARGE_RANGE)
    )
    value = large / small if large is not None and small else None
    # The kernel counts in hundredths of a second, and a run comes to some tenths.
    return Ratio("cpu_edge", value, 1.25, reason="no rows of nginx's cache")
