"""Counters, in SQLite: a tally is one transaction, its writer's number is in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from telpher.clock import Clock
from telpher.core.model import MessageRef
from telpher.core.records import PopularFile, Totals
from telpher.core.tally import FileSum, HourSum, LinkSum, Tally, UserSum
from telpher.storage.scalars import fits, storable
from telpher.storage.sqlite import links, users
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
_PLAYED = "SELECT 1 FROM files WHERE document_id = ? AND plays > 0"
_FILE = """
    INSERT INTO files (document_id, chat_id, message_id, name, size, plays, bytes_served)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (document_id) DO UPDATE SET
        chat_id = iif(excluded.plays > 0, excluded.chat_id, chat_id),
        message_id = iif(excluded.plays > 0, excluded.message_id, message_id),
        name = iif(excluded.plays > 0, excluded.name, name),
        size = iif(excluded.plays > 0, excluded.size, size),
        plays = plays + excluded.plays,
        bytes_served = bytes_served + excluded.bytes_served
"""
_HOUR = """
    INSERT INTO hours (hour, streams, bytes_served, files, batches, errors)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET
        streams = streams + excluded.streams,
        bytes_served = bytes_served + excluded.bytes_served,
        files = files + excluded.files,
        batches = batches + excluded.batches,
        errors = errors + excluded.errors
"""
_ADD_TO_TOTALS = """
    UPDATE totals SET streams = streams + ?, bytes_served = bytes_served + ?, files = files + ?,
        batches = batches + ?, errors = errors + ?, unique_files = unique_files + ?
    WHERE one = 1
"""

_TOTALS = """
    SELECT streams, files, unique_files, bytes_served, batches, errors FROM totals WHERE one = 1
"""
_USED = "SELECT bytes_served FROM days WHERE day = ? AND owner = ?"
_POPULAR = """
    SELECT document_id, chat_id, message_id, name, size, plays, bytes_served FROM files
    WHERE plays > 0 ORDER BY plays DESC, document_id LIMIT ?
"""
_HOURS = """
    SELECT hour, streams, bytes_served, files, batches, errors FROM hours
    WHERE hour >= ? AND hour < ? ORDER BY hour
"""
_FORGET_HOURS = "DELETE FROM hours WHERE hour < ?"
_FORGET_DAYS = "DELETE FROM days WHERE day < ?"


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

    async def popular(self, limit: int) -> list[PopularFile]:
        """See Ledger."""
        rows = await self._file.all(_POPULAR, (max(limit, 0),))
        return [
            PopularFile(document_id, MessageRef(chat_id, message_id), *rest)
            for document_id, chat_id, message_id, *rest in rows
        ]

    async def hours(self, since: float, until: float) -> dict[int, HourSum]:
        """See Ledger."""
        span = (since, until)
        rows = await self._file.survey(lambda each: each.execute(_HOURS, span).fetchall())
        return {hour: HourSum(*sums) for hour, *sums in rows}

    async def sweep(self, before: float) -> None:
        """See Ledger."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_FORGET_HOURS, (before,))
            connection.execute(_FORGET_DAYS, (before,))

        await self._file.write(change)


def _take(connection: sqlite3.Connection, tally: Tally, now: float) -> list[int]:
    new = [
        user_id for user_id, user in tally.users.items() if _take_user(connection, user_id, user)
    ]
    for link in tally.made:  # before the sums, which may be of these
        links.make(connection, link, now)
    for link_id, sums in tally.links.items():
        _take_link(connection, link_id, sums)
    played = [_take_file(connection, *item) for item in tally.files.items()]
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


def _take_file(connection: sqlite3.Connection, document_id: int, file: FileSum) -> bool:
    """Whether that was its first play."""
    known = connection.execute(_PLAYED, (document_id,)).fetchone()
    ref = file.ref or MessageRef(0, 0)
    about = (ref.chat_id, ref.message_id, storable(file.name), file.size)
    connection.execute(_FILE, (document_id, *about, file.plays, file.bytes_served))
    return file.plays > 0 and known is None


def _take_hours(
    connection: sqlite3.Connection, hours: Mapping[int, HourSum], newly_played: int
) -> None:
    connection.executemany(_HOUR, [(hour, *_sums(each)) for hour, each in hours.items()])
    totals = _total(map(_sums, hours.values()))
    connection.execute(_ADD_TO_TOTALS, (*totals, newly_played))


def _sums(hour: HourSum) -> tuple[int, int, int, int, int]:
    return hour.streams, hour.bytes_served, hour.files, hour.batches, hour.errors


def _total(sums: Iterable[tuple[int, int, int, int, int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*sums, strict=True))) or (0, 0, 0, 0, 0)
