"""One report of several workers (`web.system`): how the whole of it is.

    healthy     all of them are
    degraded    one does not answer, or is not healthy: the others do its work
    unhealthy   none of those that answer can bring a file

Sums where sums make sense; what bots, database and machine are like is as the worker that is asked
sees it. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from telpher.web.health import Level

Report = Mapping[str, Any]

# Only for one another: what the rate of all is made of.
LOOKUPS: Final = "lookups"

_SILENT: Final = "worker_silent"


def of_all(reports: Mapping[int, Report | None], here: int) -> dict[str, Any]:
    """The report of the workers by their numbers, None of who does not answer; `here` is there."""
    told = {number: each for number, each in sorted(reports.items()) if each is not None}
    own = told[here]
    return {
        **own,
        "status": _level([each["status"] for each in told.values()], len(reports)).value,
        "reasons": [*_reasons(told), *_silent(set(reports) - set(told))],
        "cache": _cache(list(told.values())),
        "streams": {"active": sum(each["streams"]["active"] for each in told.values())},
        "process": {"tasks": sum(each["process"]["tasks"] for each in told.values())},
        "dc_clients": {
            dc: "connected" if count else "idle" for dc, count in _connections(told).items()
        },
        "dc_connections": _connections(told),
        "workers": [_worker(number, each) for number, each in sorted(reports.items())],
    }


def without_lookups(report: Report) -> dict[str, Any]:
    """As it is shown."""
    cache = {name: value for name, value in report["cache"].items() if name != LOOKUPS}
    return {**report, "cache": cache}


def _level(levels: list[str], workers: int) -> Level:
    if all(each == Level.UNHEALTHY for each in levels):
        return Level.UNHEALTHY
    well = len(levels) == workers and all(each == Level.HEALTHY for each in levels)
    return Level.HEALTHY if well else Level.DEGRADED


def _reasons(told: Mapping[int, Report]) -> Iterator[dict[str, str]]:
    """Each once; with the number of whom it is about, unless it is about all of them."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, report in told.items():
        for each in report["reasons"]:
            found.setdefault((each["reason"], each["message"]), []).append(number)
    for (word, sentence), numbers in found.items():
        whose = "" if len(numbers) == len(told) else f"Worker {', '.join(map(str, numbers))}: "
        yield {"reason": word, "message": whose + sentence}


def _silent(numbers: set[int]) -> Iterator[dict[str, str]]:
    for number in sorted(numbers):
        sentence = f"Worker {number} does not answer. The others do its work."
        yield {"reason": _SILENT, "message": sentence}


def _cache(reports: list[Report]) -> dict[str, Any]:
    caches = [each["cache"] for each in reports]
    names = ("file_properties_cached", "reserved_bytes", "budget_bytes")
    good, all_ = (sum(each[LOOKUPS][place] for each in caches) for place in (0, 1))
    sums = {name: sum(each[name] for each in caches) for name in names}
    return {**sums, "hit_rate": round(good / all_, 4) if all_ else None, LOOKUPS: [good, all_]}


def _connections(told: Mapping[int, Report]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for report in told.values():
        for dc, count in report["dc_connections"].items():
            found[dc] += count
    return dict(found)


def _worker(number: int, report: Report | None) -> dict[str, Any]:
    if report is None:
        return {"worker": number, "status": "silent"}
    return {
        "worker": number,
        "status": report["status"],
        "bot_status": report["bot"]["status"],
        "streams": report["streams"]["active"],
        "uptime_seconds": report["uptime_seconds"],
    }
