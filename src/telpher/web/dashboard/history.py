"""The last day, week, month or year as charts want it: one figure for each hour or day.

    24h, 7d      by the hour
    30d, 400d    by the day (UTC), as long as RETENTION_DAYS keeps them

Hours in which nothing happened are 0 and no gap. The last one is not over yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from telpher.core.spans import Span
from telpher.core.tally import DAY, HOUR, HourSum
from telpher.storage.base import Ledger


@dataclass(frozen=True, slots=True)
class Period:
    """So many spans of `step` seconds, the last of which is now."""

    name: str
    label: str
    step: int
    count: int

    def starts(self, now: float) -> range:
        """The first seconds of the spans."""
        last = int(now) // self.step * self.step
        return range(last - (self.count - 1) * self.step, last + self.step, self.step)


PERIODS: Final = {
    each.name: each
    for each in (
        Period("24h", "24 hours", HOUR, 24),
        Period("7d", "7 days", HOUR, 7 * 24),
        Period("30d", "30 days", DAY, 30),
        Period("400d", "400 days", DAY, 400),
    )
}

USUAL: Final = "24h"


def period_of(name: str | None) -> Period:
    """The period of that name; the usual one for anything else."""
    return PERIODS.get(name or USUAL, PERIODS[USUAL])


@dataclass(frozen=True, slots=True)
class History:
    """`at` are the spans' first seconds (UTC), the others what was counted in each."""

    period: Period
    at: list[int]
    streams: list[int] = field(default_factory=list)
    bytes_served: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        """For the script."""
        return {
            "period": self.period.name,
            "step": self.period.step,
            "at": self.at,
            "streams": self.streams,
            "bytes": self.bytes_served,
            "users": self.users,
            "errors": self.errors,
        }


async def history(ledger: Ledger, period: Period, now: float) -> History:
    """The history up to `now` (Unix seconds). Raises StorageError."""
    starts = period.starts(now)
    sums = summed(await ledger.hours(starts.start, now + 1), period.step)
    spans = [sums.get(start, HourSum()) for start in starts]
    span = Span.HOUR if period.step == HOUR else Span.DAY
    people = await ledger.activity(span, starts.start, now + 1)
    return History(
        period,
        list(starts),
        streams=[each.streams for each in spans],
        bytes_served=[each.bytes_served for each in spans],
        users=[people[start].users if start in people else 0 for start in starts],
        errors=[each.errors for each in spans],
    )


def summed(hours: Mapping[int, HourSum], step: int) -> dict[int, HourSum]:
    """Hours, added up in spans of `step` seconds."""
    sums: dict[int, HourSum] = {}
    for start, each in hours.items():
        sums.setdefault(start // step * step, HourSum()).add(each)
    return sums
