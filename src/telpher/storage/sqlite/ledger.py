"""Counters, in SQLite: a tally is one transaction, its writer's number is in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from telpher.clock import Clock
from telpher.core.records import Activity, FileRecord, Totals
from telpher.core.spans import Span
from telpher.core.tally import HourSum, LinkSum, Tally, UserSum
from telpher.storage.scalars import fits, storable
from telpher.storage.sqlite import files, links, users, visits
from telpher.storage.sqlite.file import SqliteFile

_LAST = "SELECT number, answer FROM writers WHERE writer = ?"
_TAKEN = "INSERT OR REPLACE INTO writers (writer, number, answer) VALUES (?, ?, ?)"

_SEEN = "UPDATE users SET blocked_bot = 0 WHERE user_id = ? AND blocked_bot = 1"
_USER_DID = """
    UPDATE users SET total_files = total_files + ?, total_batch_requests = total_batch_requests + ?
    WHERE user_id = ?
"""
_USER_SERVED = """
    UPDATE users SET total_streams = total_streams + ?, bytes_served = bytes_served + ?
    WHERE user_id = ?
"""
_LINK = """
    UPDATE links SET plays = plays + ?, bytes_served = bytes_served + ?,
        last_play = max(last_play, ?)
    WHERE link_id = ? RETURNING owner
"""
_DAY = """
    INSERT INTO days (day, owner, bytes_served) VALUES (?, ?, ?)
    ON CONFLICT (day, owner) DO UPDATE SET bytes_served = bytes_served + excluded.bytes_served
"""
_HOUR = """
    INSERT INTO hours (hour, streams, bytes_served, files, batches, errors, answers, waited)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET
        streams = streams + excluded.streams,
        bytes_served = bytes_served + excluded.bytes_served,
        files = files + excluded.files,
        batches = batches + excluded.batches,
        errors = errors + excluded.errors,
        answers = answers + excluded.answers,
        waited = waited + excluded.waited
"""
_ERRORS = """
    INSERT INTO errors (hour, key, count) VALUES (?, ?, ?)
    ON CONFLICT (hour, key) DO UPDATE SET count = count + excluded.count
"""
_ADD_TO_TOTALS = """
    UPDATE totals SET streams = streams + ?, bytes_served = bytes_served + ?, files = files + ?,
        batches = batches + ?, errors = errors + ?, answers = answers + ?, waited = waited + ?,
        unique_files = unique_files + ?
    WHERE one = 1
"""

_TOTALS = """
    SELECT streams, files, unique_files, bytes_served, batches, errors, answers, waited
    FROM totals WHERE one = 1
"""
_USED = "SELECT bytes_served FROM days WHERE day = ? AND owner = ?"
_HOURS = """
    SELECT hour, streams, bytes_served, files, batches, errors, answers, waited FROM hours
    WHERE hour >= ? AND hour < ? ORDER BY hour
"""
_SHOWN = "SELECT hour, key, count FROM errors WHERE hour >= ? AND hour < ?"
_ACTIVITY = """
    SELECT start, users, files FROM activity WHERE span = ? AND start >= ? AND start < ?
    ORDER BY start
"""
_FORGET_HOURS = "DELETE FROM hours WHERE hour < ?"
_FORGET_DAYS = "DELETE FROM days WHERE day < ?"
_FORGET_ERRORS = "DELETE FROM errors WHERE hour < ?"
_FORGET_ACTIVITY = "DELETE FROM activity WHERE start < ?"


class SqliteLedger:
    """See Ledger."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        """See Ledger."""
        writer = storable(writer)

        def change(connection: sqlite3.Connection) -> list[int]:
            last, answer = connection.execute(_LAST, (writer,)).fetchone() or (None, "[]")
            if last is not None and number <= last:
                return list(json.loads(answer)) if number == last else []
            new = _take(connection, tally, self._clock.now())
            connection.execute(_TAKEN, (writer, number, json.dumps(new)))
            return new

        return await self._file.write(change)

    async def totals(self) -> Totals:
        """See Ledger."""
        return Totals(*await self._file.one(_TOTALS))

    async def used(self, owner: int, day: int) -> int:
        """See Ledger."""
        if not fits(owner, day):
            return 0
        row = await self._file.one(_USED, (day, owner))
        return int(row[0]) if row else 0

    async def popular(self, limit: int) -> list[FileRecord]:
        """See Ledger."""
        return await files.popular(self._file, limit)

    async def hours(self, since: float, until: float) -> dict[int, HourSum]:
        """See Ledger."""
        span = (since, until)

        def look(connection: sqlite3.Connection) -> dict[int, HourSum]:
            found = {hour: HourSum(*sums) for hour, *sums in connection.execute(_HOURS, span)}
            for hour, key, count in connection.execute(_SHOWN, span):
                if hour in found:  # the two are read one after the other
                    found[hour].shown[key] = count
            return found

        return await self._file.survey(look)

    async def activity(self, span: Span, since: float, until: float) -> dict[int, Activity]:
        """See Ledger."""
        rows = await self._file.all(_ACTIVITY, (span.value, since, until))
        return {start: Activity(*counts) for start, *counts in rows}

    async def sweep(self, before: float) -> None:
        """See Ledger."""

        def change(connection: sqlite3.Connection) -> None:
            for forget in (_FORGET_HOURS, _FORGET_DAYS, _FORGET_ERRORS, _FORGET_ACTIVITY):
                connection.execute(forget, (before,))

        await self._file.write(change)


def _take(connection: sqlite3.Connection, tally: Tally, now: float) -> list[int]:
    # Before the sums, which may be of these.
    tally = tally.with_files([link for link in tally.made if links.make(connection, link, now)])
    for link in tally.made:
        files.make(connection, link)
    new = [
        user_id for user_id, user in tally.users.items() if _take_user(connection, user_id, user)
    ]
    for link_id, sums in tally.links.items():
        _take_link(connection, link_id, sums)
    played = [files.take(connection, *item) for item in tally.files.items()]
    visits.count(
        connection,
        {user_id: user.seen for user_id, user in tally.users.items() if user.person is not None},
        {document_id: file.last_play for document_id, file in tally.files.items() if file.plays},
    )
    _take_hours(connection, tally.hours, sum(played))
    return new


def _take_user(connection: sqlite3.Connection, user_id: int, user: UserSum) -> bool:
    """Whether that one is new."""
    new = False
    if user.person is None:
        users.make(connection, user_id)
    else:
        new = users.see(connection, user.person, user.first, user.seen)
        connection.execute(_SEEN, (user_id,))
    connection.execute(_USER_DID, (user.files, user.batches, user_id))
    return new


def _take_link(connection: sqlite3.Connection, link_id: int, sums: LinkSum) -> None:
    values = (sums.plays, sums.bytes_served, sums.last_play, link_id)
    rows = connection.execute(_LINK, values).fetchall()
    for (owner,) in rows:
        users.make(connection, owner)
        connection.execute(_USER_SERVED, (sums.plays, sums.bytes_served, owner))
        days = [(day, owner, count) for day, count in sums.days.items()]
        connection.executemany(_DAY, days)


def _take_hours(
    connection: sqlite3.Connection, hours: Mapping[int, HourSum], newly_played: int
) -> None:
    connection.executemany(_HOUR, [(hour, *_sums(each)) for hour, each in hours.items()])
    shown = [(hour, *each) for hour, total in hours.items() for each in total.shown.items()]
    connection.executemany(_ERRORS, shown)
    total = HourSum()
    for each in hours.values():
        total.add(each)
    connection.execute(_ADD_TO_TOTALS, (*_sums(total), newly_played))


def _sums(hour: HourSum) -> tuple[int, ...]:
    """As the columns have them."""
    counts = (hour.streams, hour.bytes_served, hour.files, hour.batches, hour.errors)
    return *counts, hour.answers, hour.waited
