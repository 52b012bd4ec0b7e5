"""Copies in a file of their own (WORK_DIR/copies.sqlite3), as they were kept once; a CopyStore."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from telpher.storage.sqlite.copies import SqliteCopies
from telpher.storage.sqlite.file import SqliteFile

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


class SqliteCopyStore(SqliteCopies):
    """See CopyStore. An asynchronous context manager."""

    def __init__(self, path: Path) -> None:
        super().__init__(SqliteFile(path, STEPS))

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
