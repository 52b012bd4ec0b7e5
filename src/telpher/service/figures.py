"""What telpher has done, counted by the database: the same in the bot's /stats and in the API."""

from __future__ import annotations

from dataclasses import dataclass

from telpher.core.records import Totals, UserCounts
from telpher.core.tally import DAY, HOUR, HourSum
from telpher.storage.base import Database


@dataclass(frozen=True, slots=True)
class Figures:
    """People; everything since the beginning; and what came of it in the last 24 hours, as full
    hours make them up."""

    people: UserCounts
    total: Totals
    day: HourSum


async def figures(database: Database, now: float) -> Figures:
    """The figures of `now` (Unix seconds). Raises StorageError."""
    people = await database.users.counts(now)
    total = await database.ledger.totals()
    day = HourSum()
    for each in (await database.ledger.hours(now - DAY, now + HOUR)).values():
        day.add(each)
    return Figures(people, total, day)
