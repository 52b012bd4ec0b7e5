"""One SQLite file, and the one thread that touches it.

    healthy     write-ahead log: readers in other processes are never held up, and what was
                committed survives kill -9
    read-only   (disk remounted, folder not ours) what is there is read; writing fails
    damaged     set aside under another name, and begun anew
    anything    (disk full, folder missing) fails; the next call opens the file again, so that
                nobody has to restart telpher when the disk is well

Every failure is a StorageError for the caller of that moment, and lasts no longer than its cause.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

import structlog

from telpher.errors import StorageError

_T = TypeVar("_T")

Work = Callable[[sqlite3.Connection], _T]

# Another process may be writing: a transaction of ours takes milliseconds, on a slow disk a second.
LOCK_PATIENCE = 5.0

# Seconds for what is under way when the store is closed.
CLOSE_PATIENCE = 5.0

_OWNER_ONLY = 0o600

# https://www.sqlite.org/rescode.html; the low byte is the primary code.
_PRIMARY = 0xFF
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SqliteFile:
    """The file `path`, brought to its newest form by `steps`.

    Step n leads from version n to n+1 (PRAGMA user_version): statements of SQL with semicolons
    between them and nowhere else. An asynchronous context manager; the file is opened when it is
    first needed.
    """

    def __init__(self, path: Path, steps: Sequence[str]) -> None:
        self._path = path
        self._steps = steps
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite-{path.stem}")
        # Both are the thread's alone.
        self._connection: sqlite3.Connection | None = None
        self._read_only = False

    async def __aenter__(self) -> SqliteFile:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends it, after what is under way unless the disk is too slow. Safe to repeat."""
        try:
            last = asyncio.wrap_future(self._thread.submit(self._drop))
        except RuntimeError:  # closed already
            return
        try:
            await asyncio.wait([last], timeout=CLOSE_PATIENCE)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def read(self, work: Work[_T]) -> _T:
        """What `work` finds. It runs in the thread; once begun it ends, even if nobody waits."""
        return await self._submit(lambda: self._run(work))

    async def write(self, work: Work[_T]) -> _T:
        """The same for work that changes something: one transaction, whole or not at all."""
        return await self._submit(lambda: self._change(work))

    async def _submit(self, job: Callable[[], _T]) -> _T:
        try:
            future = self._thread.submit(job)
        except RuntimeError as error:
            raise StorageError(f"{self._path.name} is closed") from error
        return await asyncio.wrap_future(future)

    # In the thread.

    def _change(self, work: Work[_T]) -> _T:
        if self._read_only:
            self._drop()  # it may be well again
        return self._run(lambda connection: _transact(connection, work))

    def _run(self, work: Work[_T]) -> _T:
        try:
            return self._attempt(work)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._trouble(error) from error
            self._set_aside(error)
        except OSError as error:
            raise self._trouble(error) from error
        try:
            return self._attempt(work)
        except (sqlite3.Error, OSError) as error:
            raise self._trouble(error) from error

    def _attempt(self, work: Work[_T]) -> _T:
        try:
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)
        except (sqlite3.Error, OSError):
            self._drop()
            raise

    def _open(self) -> sqlite3.Connection:
        self._read_only = False
        try:
            return self._open_for_writing()
        except (sqlite3.OperationalError, OSError) as error:
            if not self._path.is_file():
                raise
            connection = self._open_for_reading()
            self._read_only = True
            _log.warning("a database can only be read", file=str(self._path), problem=str(error))
            return connection

    def _open_for_writing(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its journals the mode of the file itself.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _OWNER_ONLY))
        self._path.chmod(_OWNER_ONLY)
        connection = sqlite3.connect(self._path, timeout=LOCK_PATIENCE, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # Only a power cut can undo the last commits; it cannot damage the file.
            connection.execute("PRAGMA synchronous=NORMAL")
            _transact(connection, self._upgrade)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_for_reading(self) -> sqlite3.Connection:
        # Immutable: without it SQLite wants to write the journal's index even for reading.
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            if _version(connection) != len(self._steps):
                raise sqlite3.OperationalError("the file has another version and cannot be changed")
        except BaseException:
            connection.close()
            raise
        return connection

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > len(self._steps):
            raise sqlite3.OperationalError("the file was written by a newer telpher")
        for step in self._steps[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(self._steps)}")

    def _drop(self) -> None:
        """Closes the file; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Keeps the damaged file for whoever wants to look, and makes room for a new one."""
        aside = self._path.with_name(f"{self._path.name}.damaged")
        _log.error(
            "a database is damaged; it is set aside and begun anew",
            file=str(self._path),
            set_aside=str(aside),
            problem=str(error),
        )
        try:
            self._path.replace(aside)
            for journal in ("-wal", "-shm"):
                self._path.with_name(f"{self._path.name}{journal}").unlink(missing_ok=True)
        except OSError as refused:
            raise self._trouble(refused) from refused

    def _trouble(self, error: Exception) -> StorageError:
        return StorageError(f"{self._path.name}: {error}")


def _transact(connection: sqlite3.Connection, work: Work[_T]) -> _T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back by itself; then there is nothing left to undo.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGED
