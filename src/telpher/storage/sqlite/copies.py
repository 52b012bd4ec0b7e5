"""Where copies of messages are, and which are wanted, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from telpher.core.model import MessageRef
from telpher.storage.scalars import fits, storable
from telpher.storage.sqlite.file import SqliteFile

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


class SqliteCopies:
    """See CopyStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """See CopyStore."""
        key = _key(ref)
        if not fits(*key):  # numbers out of a URL that no message can have
            return None
        row = await self._file.one(_PLACE, key)
        return MessageRef(*row) if row and row[0] is not None else None

    async def want(self, refs: Sequence[MessageRef]) -> None:
        """See CopyStore."""
        await self._file.change_each(_WANT, [_key(ref) for ref in refs])

    async def wanted(self, limit: int) -> list[MessageRef]:
        """See CopyStore."""
        return [MessageRef(*row) for row in await self._file.all(_WANTED, (max(limit, 0),))]

    async def postpone(self, ref: MessageRef) -> None:
        """See CopyStore."""
        if fits(*_key(ref)):
            await self._file.change(_POSTPONE, _key(ref))

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        """See CopyStore."""
        await self._settle([(*_key(ref), *_key(place), None) for ref, place in places.items()])

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """See CopyStore."""
        await self._settle([(*_key(ref), None, None, storable(reason))])

    async def _settle(self, rows: Sequence[tuple[int | str | None, ...]]) -> None:
        def settle(connection: sqlite3.Connection) -> None:
            connection.executemany(_SETTLE, rows)
            connection.executemany(_NOT_WANTED, [row[:2] for row in rows])

        await self._file.write(settle)


def _key(ref: MessageRef) -> tuple[int, int]:
    return ref.chat_id, ref.message_id
