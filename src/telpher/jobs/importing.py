"""Taking over the people of the original bot (rule 39).

Records come one by one, from a file or a collection, and go to the database in small lots: memory
stays the same however many there are. Of somebody who is there already the richer half of both is
kept (UserStore.merge), so an import may be stopped anywhere and begun again. What cannot be read is
counted, told of with its place, and is the only thing that is left behind.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from telpher.clock import Clock
from telpher.core import legacy
from telpher.core.records import User
from telpher.storage.users_file import Broken, Record

# People in one call of the database, which has 2 s.
LOT: Final = 500

# Unreadable records that are told of one by one; the others are only counted.
MOST_TOLD: Final = 1000


class Takers(Protocol):
    """Of a UserStore what is needed here."""

    async def get(self, user_id: int) -> User | None: ...

    async def merge(self, users: Sequence[User]) -> int: ...


@dataclass(slots=True)
class Report:
    """How far it is, and in the end what became of every record: `read` is all of them, each of
    which is `new`, `merged` (with somebody who was there, or came before) or in `unreadable`.

    `passed_over` counts, by name, the fields that were not understood.
    """

    read: int = 0
    new: int = 0
    merged: int = 0
    unreadable: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)


class Importer:
    """See the module. With `dry_run` the database is asked, but nothing is changed."""

    def __init__(
        self,
        users: Takers,
        clock: Clock,
        *,
        dry_run: bool = False,
        progress: Callable[[Report], None] = lambda _report: None,
        unreadable: Callable[[Broken], None] = lambda _broken: None,
    ) -> None:
        self._users = _Rehearsal(users) if dry_run else users
        self._clock = clock
        self._progress = progress
        self._unreadable = unreadable
        self.report = Report()

    async def run(self, records: AsyncIterator[Record | Broken]) -> Report:
        """Takes over everything in `records`. Raises StorageError: then what `report` says of is
        done, and all of it may be repeated."""
        lot: dict[int, User] = {}
        count = 0
        async for record in records:
            reading = self._read(record)
            if reading is None:
                continue
            count += 1
            known = lot.get(reading.person.user_id)
            lot[reading.person.user_id] = legacy.merged(known, reading) if known else reading
            if count == LOT:
                await self._take(lot, count)
                lot, count = {}, 0
        if lot:
            await self._take(lot, count)
        return self.report

    async def _take(self, lot: dict[int, User], count: int) -> None:
        """Hands over a lot made of `count` records."""
        new = await self._users.merge(list(lot.values()))
        self.report.read += count
        self.report.new += new
        self.report.merged += count - new
        self._progress(self.report)

    def _read(self, record: Record | Broken) -> User | None:
        if isinstance(record, Broken):
            self._give_up(record)
            return None
        try:
            reading = legacy.read(record.value, record.key, self._clock.now())
        except legacy.UnreadableError as error:
            self._give_up(Broken(record.place, str(error)))
            return None
        self.report.passed_over.update(reading.passed_over)
        return reading.user

    def _give_up(self, broken: Broken) -> None:
        self.report.read += 1
        self.report.unreadable += 1
        if self.report.unreadable <= MOST_TOLD:
            self._unreadable(broken)


class _Rehearsal:
    """Says what `merge` would say. Whom it has seen is on disk, in a file that is gone with it."""

    def __init__(self, users: Takers) -> None:
        self._users = users
        self._seen = sqlite3.connect("")  # SQLite's temporary file: no name, deleted when closed
        self._seen.execute("CREATE TABLE seen (user_id INTEGER PRIMARY KEY)")

    async def get(self, user_id: int) -> User | None:
        return await self._users.get(user_id)

    async def merge(self, users: Sequence[User]) -> int:
        new = 0
        for user in users:
            row = (user.person.user_id,)
            first = self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", row).rowcount
            if first and await self._users.get(user.person.user_id) is None:
                new += 1
        return new
