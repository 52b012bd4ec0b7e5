"""What is set at run time: values, and where conversations stand; in SQLite."""

from __future__ import annotations

from telpher.core.records import Dialogue, Value
from telpher.storage.scalars import fits, storable
from telpher.storage.sqlite.file import SqliteFile

_GET_VALUE = "SELECT data, changed FROM settings WHERE name = ?"
_PUT_VALUE = "INSERT OR REPLACE INTO settings (name, data, changed) VALUES (?, ?, ?)"
_DROP_VALUE = "DELETE FROM settings WHERE name = ?"

_GET_DIALOGUE = """
    SELECT user_id, step, data, expires FROM dialogues WHERE user_id = ? AND expires > ?
"""
_PUT_DIALOGUE = """
    INSERT OR REPLACE INTO dialogues (user_id, step, data, expires) VALUES (?, ?, ?, ?)
"""
_DROP_DIALOGUE = "DELETE FROM dialogues WHERE user_id = ?"


class SqliteValues:
    """See ValueStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def get(self, name: str) -> Value | None:
        """See ValueStore."""
        row = await self._file.one(_GET_VALUE, (storable(name),))
        return Value(*row) if row else None

    async def put(self, name: str, data: bytes, at: float) -> None:
        """See ValueStore."""
        await self._file.change(_PUT_VALUE, (storable(name), data, at))

    async def drop(self, name: str) -> None:
        """See ValueStore."""
        await self._file.change(_DROP_VALUE, (storable(name),))


class SqliteDialogues:
    """See DialogueStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def get(self, user_id: int, now: float) -> Dialogue | None:
        """See DialogueStore."""
        if not fits(user_id):
            return None
        row = await self._file.one(_GET_DIALOGUE, (user_id, now))
        return Dialogue(*row) if row else None

    async def put(self, dialogue: Dialogue) -> None:
        """See DialogueStore."""
        texts = map(storable, (dialogue.step, dialogue.data))
        await self._file.change(_PUT_DIALOGUE, (dialogue.user_id, *texts, dialogue.expires))

    async def drop(self, user_id: int) -> None:
        """See DialogueStore."""
        if fits(user_id):
            await self._file.change(_DROP_DIALOGUE, (user_id,))
