"""What telpher has done, counted by the database: the same in the bot, in the API, in /stats and on
the dashboard.

`figures` asks for all of it, which costs MongoDB some hundred milliseconds where there are a
million users. A FigureDesk asks at most every few seconds, whoever else wants to know, and spends
no more than a twentieth of the time on it:

    fresh        what was asked for last
    not fresh    one asks, the others wait for that answer
    no answer    (2 s, or the database is away) what was known last, as old as it is; StorageError
                 where nothing is known; and nobody asks again for a moment
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from telpher.clock import Clock
from telpher.core.records import Activity, FileCounts, FileRecord, Totals, UserCounts
from telpher.core.spans import Span
from telpher.core.tally import DAY, HOUR, HourSum
from telpher.errors import StorageError
from telpher.storage.base import Database

_WEEK: Final = 7 * DAY
_MONTH: Final = 30 * DAY

# How far back what there was in each span is told.
REACH: Final[Mapping[Span, int]] = {
    Span.HOUR: 2 * DAY,
    Span.DAY: _MONTH,
    Span.WEEK: 26 * _WEEK,
    Span.MONTH: 366 * DAY,
}

POPULAR: Final = 5  # rule 43

# Seconds for which strangers are told the same, and nobody asks a database again that gave no
# answer.
FRESH: Final = 5.0
_PAUSE: Final = 5.0

# Seconds that anybody waits (rule 38).
PATIENCE: Final = 2.0

# Of the time that asking took: for so many times as long its answer is fresh.
_TIMES: Final = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of `at` (Unix seconds).

    People and files played; everything since the beginning; what came of it in the last 24 hours, 7
    and 30 days, as full hours make them up; each of these hours; how many different people and
    files there were in each span of time (as far back as REACH); the most played files.
    """

    at: float
    people: UserCounts
    files: FileCounts
    total: Totals
    day: HourSum
    week: HourSum
    month: HourSum
    hours: Mapping[int, HourSum]
    activity: Mapping[Span, Mapping[int, Activity]]
    popular: Sequence[FileRecord]


async def figures(database: Database, now: float) -> Figures:
    """The figures of `now`. Raises StorageError."""
    ledger = database.ledger
    people = await database.users.counts(now)
    hours = await ledger.hours(now - _MONTH, now + HOUR)
    return Figures(
        at=now,
        people=people,
        files=await database.files.counts(now),
        total=await ledger.totals(),
        day=_sum(hours, now - DAY),
        week=_sum(hours, now - _WEEK),
        month=_sum(hours, now - _MONTH),
        hours=hours,
        activity={
            span: await ledger.activity(span, now - reach, now + HOUR)
            for span, reach in REACH.items()
        },
        popular=await ledger.popular(POPULAR),
    )


def average_wait(work: HourSum | Totals) -> float | None:
    """Milliseconds until the first byte of a file left, on average; None of no answers."""
    return work.waited / work.answers if work.answers else None


class FigureDesk:
    """See the module. It waits for one question at a time."""

    def __init__(self, database: Database, clock: Clock, patience: float = PATIENCE) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience
        self._known: Figures | None = None
        # Monotonic seconds.
        self._asked = self._failed = float("-inf")
        self._took = 0.0
        self._asking = asyncio.Lock()

    async def now(self, max_age: float = FRESH) -> Figures:
        """The figures, at most `max_age` (seconds) old while the database answers quickly. Raises
        StorageError."""
        if (fresh := self._fresh(max_age)) is not None:
            return fresh
        try:
            async with asyncio.timeout(self._patience):
                return await self._ask(max_age)
        except TimeoutError:
            self._failed = self._clock.monotonic()
            trouble = StorageError(f"no figures in {self._patience} s")
        except StorageError as error:
            trouble = error
        if self._known is None:
            raise trouble
        return self._known

    async def _ask(self, max_age: float) -> Figures:
        async with self._asking:
            if (fresh := self._fresh(max_age)) is not None:
                return fresh
            began = self._clock.monotonic()
            if began - self._failed < _PAUSE:
                raise StorageError("the database gave no figures a moment ago")
            try:
                self._known = await figures(self._database, self._clock.now())
            except StorageError:
                self._failed = self._clock.monotonic()
                raise
            self._asked, self._took = began, self._clock.monotonic() - began
            return self._known

    def _fresh(self, max_age: float) -> Figures | None:
        age = self._clock.monotonic() - self._asked
        return self._known if age < max(max_age, _TIMES * self._took) else None


def _sum(hours: Mapping[int, HourSum], since: float) -> HourSum:
    total = HourSum()
    for hour, each in hours.items():
        if hour >= since:
            total.add(each)
    return total
