"""WORK_DIR/local.sqlite3: what must be known while the database is away, and after a crash.

    sums     counters that the database has not got yet, each key once: what is added to one that
             is there already makes no new row
    denied   links that are dead, as the database said last (a mirror)
    marks    this writer's name, the number of its last batch, how far the mirror goes, the epoch

The way of a counter is: open (batch 0, still growing) → sealed under a number → delivered, gone.
A batch that was sealed stays as it is until it is delivered, so that a repeat after a crash says
the same under the same number.
"""

from __future__ import annotations

import secrets
import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from telpher.core.records import Denial
from telpher.core.tally import Tally
from telpher.errors import StorageError
from telpher.storage import sums
from telpher.storage.sqlite.file import SqliteFile
from telpher.storage.sums import Key, Kind, Sum

_FIRST = """
    CREATE TABLE sums (
        batch INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        number INTEGER NOT NULL,
        sum BLOB NOT NULL,
        PRIMARY KEY (batch, kind, number)
    ) WITHOUT ROWID;
    CREATE TABLE denied (
        link_id INTEGER PRIMARY KEY,
        expires INTEGER NOT NULL
    );
    CREATE TABLE marks (
        name TEXT PRIMARY KEY,
        value NOT NULL
    ) WITHOUT ROWID
"""
STEPS: Final = (_FIRST,)

# The file may hold so much before counters of what is new are refused: about a million links made
# while the database was away.
MOST_BYTES: Final = 512 << 20

_INT64: Final = range(-(1 << 63), 1 << 63)

_GET = "SELECT sum FROM sums WHERE batch = 0 AND kind = ? AND number = ?"
_PUT = "INSERT OR REPLACE INTO sums (batch, kind, number, sum) VALUES (0, ?, ?, ?)"
_LAST_TO_SEAL = """
    SELECT kind, number FROM
        (SELECT kind, number FROM sums WHERE batch = 0 ORDER BY kind, number LIMIT ?)
    ORDER BY kind DESC, number DESC LIMIT 1
"""
_SEAL = "UPDATE sums SET batch = ? WHERE batch = 0 AND (kind, number) <= (?, ?)"
_SEALED = "SELECT kind, number, sum FROM sums WHERE batch = ? ORDER BY kind, number"
_MARK = "INSERT OR REPLACE INTO marks (name, value) VALUES (?, ?)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be delivered, the same each time it is asked for until it was."""

    writer: str
    number: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Mirror:
    """The dead links, ascending, and when each would have expired anyway (0: never); the mirror
    goes as far as `since`. `epoch` is the one in force when it was last heard of."""

    link_ids: array[int]
    expires: array[int]
    since: float
    epoch: int


class LocalStore:
    """See the module. An asynchronous context manager; raises StorageError as the disk does."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._file = SqliteFile(path, STEPS)
        self._most_bytes = most_bytes

    async def __aenter__(self) -> LocalStore:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._file.close()

    async def add(self, token: str, tally: Tally) -> None:
        """Takes `tally` in. Repeated under the token of the call before it changes nothing, so it
        may be repeated when it is not known how that one ended."""

        def change(connection: sqlite3.Connection) -> None:
            if _mark(connection, "token", "") == token:
                return
            self._refuse_when_full(connection)
            for key, value in sums.parts(tally):
                if key[1] in _INT64:
                    _add(connection, key, value)
            _set(connection, "token", token)

        await self._file.write(change)

    async def seal(self, limit: int) -> Batch | None:
        """The batch that is to be delivered next; None when there is nothing. Unless one is waiting
        already, it is made of up to `limit` of the open sums."""

        def change(connection: sqlite3.Connection) -> Batch | None:
            number = int(_mark(connection, "number", 0))
            rows = _sealed(connection, number)
            if not rows:
                number += 1
                rows = _newly_sealed(connection, number, limit)
            if not rows:
                return None
            return Batch(_writer(connection), number, _tally(rows))

        return await self._file.write(change)

    async def delivered(self, number: int) -> None:
        """Forgets the batch of that number."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sums WHERE batch = ?", (number,))

        await self._file.write(change)

    async def mirror(self, now: float) -> Mirror:
        """The mirror, without links that have expired by `now`, which are forgotten."""

        def change(connection: sqlite3.Connection) -> Mirror:
            connection.execute("DELETE FROM denied WHERE expires BETWEEN 1 AND ?", (now,))
            link_ids, expires = array("Q"), array("Q")
            for link_id, expiry in connection.execute(
                "SELECT link_id, expires FROM denied ORDER BY link_id"
            ):
                link_ids.append(link_id)
                expires.append(expiry)
            since = float(_mark(connection, "since", 0.0))
            return Mirror(link_ids, expires, since, int(_mark(connection, "epoch", 0)))

        return await self._file.write(change)

    async def reflect(self, changes: Sequence[Denial], since: float | None = None) -> None:
        """Brings `changes` into the mirror, in their order, which then goes as far as `since`."""

        def change(connection: sqlite3.Connection) -> None:
            for each in changes:
                if each.denied:
                    row = (each.link_id, each.expires)
                    connection.execute("INSERT OR REPLACE INTO denied VALUES (?, ?)", row)
                else:
                    connection.execute("DELETE FROM denied WHERE link_id = ?", (each.link_id,))
            if since is not None:
                _set(connection, "since", since)

        await self._file.write(change)

    async def keep_epoch(self, epoch: int) -> None:
        """Notes the epoch in force."""
        await self._file.write(lambda connection: _set(connection, "epoch", epoch))

    def _refuse_when_full(self, connection: sqlite3.Connection) -> None:
        """Raises StorageError. What is deleted makes room within the file, which never shrinks."""
        pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
        if pages * _pragma(connection, "page_size") > self._most_bytes:
            raise StorageError("too many counters wait for the database")


def _add(connection: sqlite3.Connection, key: Key, value: Sum) -> None:
    row = connection.execute(_GET, key).fetchone()
    before = sums.read(key, row[0]) if row else None
    connection.execute(_PUT, (*key, sums.write(sums.added(before, value))))


def _newly_sealed(
    connection: sqlite3.Connection, number: int, limit: int
) -> list[tuple[int, int, bytes]]:
    last = connection.execute(_LAST_TO_SEAL, (limit,)).fetchone()
    if last is None:
        return []
    connection.execute(_SEAL, (number, *last))
    _set(connection, "number", number)
    return _sealed(connection, number)


def _sealed(connection: sqlite3.Connection, number: int) -> list[tuple[int, int, bytes]]:
    return connection.execute(_SEALED, (number,)).fetchall() if number else []


def _tally(rows: Sequence[tuple[int, int, bytes]]) -> Tally:
    keys: list[tuple[Key, bytes]] = [((Kind(kind), number), text) for kind, number, text in rows]
    read = ((key, sums.read(key, text)) for key, text in keys)
    return sums.whole((key, value) for key, value in read if value is not None)


def _writer(connection: sqlite3.Connection) -> str:
    """This file's name among those that write to the database: a new file has a new one, since
    its numbers begin anew."""
    writer = str(_mark(connection, "writer", ""))
    if not writer:
        writer = secrets.token_hex(16)
        _set(connection, "writer", writer)
    return writer


def _mark(connection: sqlite3.Connection, name: str, default: Any) -> Any:
    row = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
    return row[0] if row else default


def _set(connection: sqlite3.Connection, name: str, value: str | float) -> None:
    connection.execute(_MARK, (name, value))


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
