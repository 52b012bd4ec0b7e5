"""Copies in a small SQLite file of their own (WORK_DIR/copies.sqlite3); a CopyStore."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from telpher.core.model import MessageRef
from telpher.storage.sqlite import SqliteFile

# The queue is a table of its own: it stays small, so that finding the oldest is quick however many
# copies there are. `place_chat` is NULL where `gave_up` says why.
_FIRST = """
    CREATE TABLE wanted (
        number INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        UNIQUE (chat_id, message_id)
    );
    CREATE TABLE copies (
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        place_chat INTEGER,
        place_message INTEGER,
        gave_up TEXT,
        PRIMARY KEY (chat_id, message_id)
    ) WITHOUT ROWID
"""
STEPS = (_FIRST,)

_PLACE = "SELECT place_chat, place_message FROM copies WHERE chat_id = ? AND message_id = ?"
_WANT = """
    INSERT OR IGNORE INTO wanted (chat_id, message_id) SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM copies WHERE chat_id = ?1 AND message_id = ?2)
"""
_WANTED = """
    SELECT chat_id, message_id FROM wanted
    WHERE chat_id = (SELECT chat_id FROM wanted ORDER BY number LIMIT 1)
    ORDER BY number LIMIT ?
"""
_POSTPONE = """
    UPDATE wanted SET number = (SELECT max(number) + 1 FROM wanted)
    WHERE chat_id = ? AND message_id = ?
"""
_SETTLE = """
    INSERT OR REPLACE INTO copies (chat_id, message_id, place_chat, place_message, gave_up)
    VALUES (?, ?, ?, ?, ?)
"""
_NOT_WANTED = "DELETE FROM wanted WHERE chat_id = ? AND message_id = ?"


class SqliteCopyStore:
    """See CopyStore. An asynchronous context manager."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, STEPS)

    async def __aenter__(self) -> SqliteCopyStore:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the file."""
        await self._file.close()

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """See CopyStore."""

        def look(connection: sqlite3.Connection) -> MessageRef | None:
            try:
                row = connection.execute(_PLACE, _key(ref)).fetchone()
            except OverflowError:  # a number out of a URL that no message can have
                return None
            return MessageRef(*row) if row and row[0] is not None else None

        return await self._file.read(look)

    async def want(self, refs: Sequence[MessageRef]) -> None:
        """See CopyStore."""
        await self._change(_WANT, [_key(ref) for ref in refs])

    async def wanted(self, limit: int) -> list[MessageRef]:
        """See CopyStore."""
        rows = await self._file.read(
            lambda connection: connection.execute(_WANTED, (limit,)).fetchall()
        )
        return [MessageRef(*row) for row in rows]

    async def postpone(self, ref: MessageRef) -> None:
        """See CopyStore."""
        await self._change(_POSTPONE, [_key(ref)])

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        """See CopyStore."""
        await self._settle([(*_key(ref), *_key(place), None) for ref, place in places.items()])

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """See CopyStore."""
        await self._settle([(*_key(ref), None, None, reason)])

    async def _change(self, statement: str, rows: Sequence[tuple[int, int]]) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(statement, rows)

        await self._file.write(change)

    async def _settle(self, rows: Sequence[tuple[int | str | None, ...]]) -> None:
        def settle(connection: sqlite3.Connection) -> None:
            connection.executemany(_SETTLE, rows)
            connection.executemany(_NOT_WANTED, [row[:2] for row in rows])

        await self._file.write(settle)


def _key(ref: MessageRef) -> tuple[int, int]:
    return ref.chat_id, ref.message_id
