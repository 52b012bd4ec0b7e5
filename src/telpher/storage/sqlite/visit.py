"""The SQLite file as a visitor sees it: see `storage/visiting`."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.storage.seen import Seen
from telpher.storage.sqlite.database import PATIENCE
from telpher.storage.sqlite.file import SqliteFile
from telpher.storage.sqlite.leases import SqliteLeases, SqliteSessions
from telpher.storage.sqlite.opening import LOCK_PATIENCE, is_damage, upgrade
from telpher.storage.sqlite.schema import STEPS

# Bytes: larger files are not read through for damage, which would take longer than a visit.
_READ_THROUGH: Final = 512 << 20

_INDEXES: Final = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


class SqliteVisit:
    """See Visited. A file that is not there is made with the first lease."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        file = SqliteFile(path, STEPS, patience=PATIENCE)
        self._file = file
        self.leases = SqliteLeases(file, clock)
        self.sessions = SqliteSessions(file)

    async def __aenter__(self) -> SqliteVisit:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._file.close()

    async def look(self) -> Seen:
        """See Visited."""
        return await asyncio.to_thread(_look, self._path)


def _look(path: Path) -> Seen:
    try:
        if not path.exists() or not path.stat().st_size:
            return Seen("sqlite", fresh=True)
        with _opened(path) as connection:
            return _examined(connection, path.stat().st_size)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return Seen("sqlite", usable=False, trouble=f"{path.name} is damaged: {error}.")
        raise StorageError(f"{path.name}: {error}") from error
    except OSError as error:
        raise StorageError(f"{path.name}: {error.strerror}") from error


def _examined(connection: sqlite3.Connection, size: int) -> Seen:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        trouble = "The file was written by a newer telpher than this one."
        return Seen("sqlite", usable=False, trouble=trouble)
    if size <= _READ_THROUGH:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            return Seen("sqlite", usable=False, trouble=f"The file is damaged: {verdict}.")
    if version < len(STEPS):
        return Seen("sqlite", usable=False)
    there = dict(connection.execute(_INDEXES).fetchall())
    missing = (sql for name, sql in _wanted().items() if name not in there)
    return Seen("sqlite", missing=tuple(missing))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For looking alone, beside whoever writes; the file is not made."""
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only=1")
        yield connection
    finally:
        connection.close()


def _wanted() -> dict[str, str]:
    """Every index of the newest form, and the statement that makes it, in one line."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        upgrade(connection, STEPS)
        found = connection.execute(_INDEXES).fetchall()
    return {name: " ".join(sql.split()) for name, sql in found}
