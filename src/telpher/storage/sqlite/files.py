"""Files, in SQLite.

A search looks at every key of the index that its list goes by, in a thread of its own; at the rows
themselves only where it found what was looked for.
"""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from telpher.core.model import MessageRef
from telpher.core.records import FileCounts, FileRecord, LinkRecord
from telpher.core.tally import DAY, FileSum
from telpher.storage.base import FileOrder, PageKey
from telpher.storage.scalars import fits, nearest, storable
from telpher.storage.search import file_search_key
from telpher.storage.sqlite.file import SqliteFile

_COLUMNS = """
    document_id, chat_id, message_id, name, size, plays, bytes_served, created, last_play
"""
_GET = f"SELECT {_COLUMNS} FROM files WHERE document_id = ? AND created > 0"
_FIRST_NEWEST = f"""
    SELECT {_COLUMNS} FROM files WHERE created > 0 AND instr(file_key, ?)
    ORDER BY created DESC, document_id DESC LIMIT ?
"""
_NEWEST = f"""
    SELECT {_COLUMNS} FROM files
    WHERE created > 0 AND (created, document_id) < (?, ?) AND instr(file_key, ?)
    ORDER BY created DESC, document_id DESC LIMIT ?
"""
_FIRST_MOST_PLAYED = f"""
    SELECT {_COLUMNS} FROM files WHERE created > 0 AND instr(file_key, ?)
    ORDER BY plays DESC, document_id DESC LIMIT ?
"""
_MOST_PLAYED = f"""
    SELECT {_COLUMNS} FROM files
    WHERE created > 0 AND (plays, document_id) < (?, ?) AND instr(file_key, ?)
    ORDER BY plays DESC, document_id DESC LIMIT ?
"""
_POPULAR = f"""
    SELECT {_COLUMNS} FROM files WHERE created > 0 AND plays > 0
    ORDER BY plays DESC, document_id DESC LIMIT ?
"""
_COUNTS = """
    SELECT
        (SELECT unique_files FROM totals WHERE one = 1),
        (SELECT count(*) FROM files WHERE last_play > 0 AND last_play >= ?),
        (SELECT count(*) FROM files WHERE last_play > 0 AND last_play >= ?),
        (SELECT count(*) FROM files WHERE last_play > 0 AND last_play >= ?)
"""

# A file may have been known by its bytes alone, and be played or linked to only now.
_EARLIER = """
    created = iif(created = 0, excluded.created,
        iif(excluded.created = 0, created, min(created, excluded.created)))
"""
_MAKE = f"""
    INSERT INTO files ({_COLUMNS}, file_key) VALUES (?, ?, ?, ?, ?, 0, 0, ?, 0, ?)
    ON CONFLICT (document_id) DO UPDATE SET
        chat_id = iif(created = 0, excluded.chat_id, chat_id),
        message_id = iif(created = 0, excluded.message_id, message_id),
        name = iif(created = 0, excluded.name, name),
        size = iif(created = 0, excluded.size, size),
        file_key = iif(created = 0, excluded.file_key, file_key),
        {_EARLIER}
"""
_PLAYED = "SELECT 1 FROM files WHERE document_id = ? AND plays > 0"
_TAKE = f"""
    INSERT INTO files ({_COLUMNS}, file_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (document_id) DO UPDATE SET
        chat_id = iif(excluded.plays > 0, excluded.chat_id, chat_id),
        message_id = iif(excluded.plays > 0, excluded.message_id, message_id),
        name = iif(excluded.plays > 0, excluded.name, name),
        size = iif(excluded.plays > 0, excluded.size, size),
        file_key = iif(excluded.plays > 0, excluded.file_key, file_key),
        plays = plays + excluded.plays,
        bytes_served = bytes_served + excluded.bytes_served,
        last_play = max(last_play, excluded.last_play),
        {_EARLIER}
"""

_LISTS: Final = {
    FileOrder.NEWEST: (_FIRST_NEWEST, _NEWEST),
    FileOrder.MOST_PLAYED: (_FIRST_MOST_PLAYED, _MOST_PLAYED),
}


class SqliteFiles:
    """See FileStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def get(self, document_id: int) -> FileRecord | None:
        """See FileStore."""
        row = await self._file.one(_GET, (document_id,)) if fits(document_id) else None
        return _record(row) if row else None

    async def page(
        self, order: FileOrder, limit: int, before: PageKey | None = None, text: str = ""
    ) -> list[FileRecord]:
        """See FileStore."""
        first, later = _LISTS[order]
        about = (file_search_key(text), max(limit, 0))
        place = () if before is None else (before.at, nearest(before.number))
        query = later if place else first
        rows = await self._file.survey(
            lambda each: each.execute(query, (*place, *about)).fetchall()
        )
        return [_record(row) for row in rows]

    async def counts(self, now: float) -> FileCounts:
        """See FileStore."""
        since = [now - days * DAY for days in (1, 7, 30)]
        row = await self._file.survey(lambda each: each.execute(_COUNTS, since).fetchone())
        return FileCounts(*row)


async def popular(file: SqliteFile, limit: int) -> list[FileRecord]:
    """See Ledger."""
    return [_record(row) for row in await file.all(_POPULAR, (max(limit, 0),))]


def make(connection: sqlite3.Connection, link: LinkRecord) -> None:
    """Sees to it that there is a row for the file of a new link."""
    name = storable(link.name)
    about = (link.ref.chat_id, link.ref.message_id, name, link.size, link.created)
    connection.execute(_MAKE, (link.document_id, *about, file_search_key(name)))


def take(connection: sqlite3.Connection, document_id: int, file: FileSum) -> bool:
    """What became of a file; whether that was its first play."""
    known = connection.execute(_PLAYED, (document_id,)).fetchone()
    ref = file.ref or MessageRef(0, 0)
    name = storable(file.name)
    about = (ref.chat_id, ref.message_id, name, file.size, file.plays, file.bytes_served)
    times = (file.last_play, file.last_play)
    connection.execute(_TAKE, (document_id, *about, *times, file_search_key(name)))
    return file.plays > 0 and known is None


def _record(row: Sequence[Any]) -> FileRecord:
    document_id, chat_id, message_id, *about = row
    return FileRecord(document_id, MessageRef(chat_id, message_id), *about)
