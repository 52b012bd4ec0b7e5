"""Copies used to have a file of their own, `copies.sqlite3`: what it holds is taken over, once.

It is renamed when all of it is in the new file. A crash in between has it taken over again, which
changes nothing; whatever else goes wrong is told, leaves it where it is, and keeps nobody waiting.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import structlog

from telpher.storage.sqlite.opening import transact

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_OLD_COPIES = "SELECT chat_id, message_id, place_chat, place_message, gave_up FROM copies"
_OLD_WANTED = "SELECT chat_id, message_id FROM wanted ORDER BY number"
_COPY = "INSERT OR IGNORE INTO copies VALUES (?, ?, ?, ?, ?)"
_WANT = """
    INSERT OR IGNORE INTO wanted (chat_id, message_id) SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM copies WHERE chat_id = ?1 AND message_id = ?2)
"""


def take_over(old: Path, new: sqlite3.Connection) -> None:
    """Brings the copies of `old`, if it is there, into `new`. Raises what `new` raises."""
    if not old.is_file():
        return
    rows = _read(old)
    if rows is None:
        return
    copies, wanted = rows

    def write(connection: sqlite3.Connection) -> None:
        connection.executemany(_COPY, copies)
        connection.executemany(_WANT, wanted)

    transact(new, write)
    _rename(old)


def _read(old: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]] | None:
    try:
        with closing(sqlite3.connect(old)) as connection:
            return (
                connection.execute(_OLD_COPIES).fetchall(),
                connection.execute(_OLD_WANTED).fetchall(),
            )
    except sqlite3.Error as error:
        _log.error("the copies of before cannot be read", file=str(old), problem=str(error))
        return None


def _rename(old: Path) -> None:
    kept = old.with_name(f"{old.name}.taken-over")
    try:
        old.replace(kept)
        # Closed in order, it has none; those of a crash would be taken for a later file's.
        for journal in ("-wal", "-shm"):
            old.with_name(f"{old.name}{journal}").unlink(missing_ok=True)
    except OSError as error:
        _log.warning("the copies' old file stays", file=str(old), problem=str(error))
        return
    _log.info("copies were taken over from their old file", file=str(kept))
