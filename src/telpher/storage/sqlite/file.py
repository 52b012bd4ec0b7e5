"""One SQLite file, and the two threads that touch it.

    healthy     write-ahead log: readers are never held up by who writes, and what was committed
                survives kill -9
    read-only   (disk remounted, folder not ours) what is there is read; writing fails
    damaged     set aside under another name, and begun anew
    deleted     (or replaced) while it is open here: what is open is written there again, unless
                another file stands there, which is taken instead
    anything    (disk full, folder missing) fails; the next call opens the file again, so that
                nobody has to restart telpher when the disk is well

One thread writes and reads what takes microseconds. What has to look at much (`survey`) has the
other, with a connection of its own, so that nothing waits behind it. Every failure is a
StorageError for the caller of that moment, and lasts no longer than its cause.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import structlog

from telpher.errors import StorageError
from telpher.storage.sqlite import opening
from telpher.storage.sqlite.lane import Lane
from telpher.storage.sqlite.opening import Work

_T = TypeVar("_T")

# What stands in for a statement's question marks.
Values = tuple[object, ...]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class _UnreadableError(Exception):
    """The second connection failed; the first finds out why."""


def _nothing(connection: sqlite3.Connection) -> None:
    """Opening the file is all that is wanted."""


class SqliteFile:
    """The file `path`, brought to its newest form by `steps`.

    Step n leads from version n to n+1 (PRAGMA user_version): statements of SQL with semicolons
    between them. After each opening for writing `prepare` gets the connection.
    Nobody waits longer than `patience` seconds. `heard` is told of each failure, and of each
    success with None, after whether it was about writing. An asynchronous context manager; the file
    is opened when it is first needed.
    """

    def __init__(
        self,
        path: Path,
        steps: Sequence[str],
        *,
        patience: float | None = None,
        prepare: Work[None] = _nothing,
        heard: Callable[[bool, StorageError | None], None] = lambda *_: None,
    ) -> None:
        self._path = path
        self._steps = steps
        self._prepare = prepare
        self._heard = heard
        self._first = Lane(path.name, patience, lambda: _interrupt(self._connection))
        self._second = Lane(path.name, patience, lambda: _interrupt(self._reader))
        # The first thread's alone; how many files there have been is read by the other.
        self._connection: sqlite3.Connection | None = None
        self._opened: opening.Identity | None = None
        self._journal: opening.Identity | None = None
        self._read_only = False
        self._number = 0
        # The second thread's alone.
        self._reader: sqlite3.Connection | None = None
        self._reader_of = 0

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
        await self._second.close(self._drop_reader)
        await self._first.close(self._drop)

    async def read(self, work: Work[_T]) -> _T:
        """What `work` finds. It runs in a thread; once begun it ends, even if nobody waits."""
        return await self._ask(self._first, lambda: self._run(work))

    async def write(self, work: Work[_T]) -> _T:
        """The same for work that changes something: one transaction, whole or not at all."""
        return await self._ask(self._first, lambda: self._change(work), writing=True)

    async def survey(self, work: Work[_T]) -> _T:
        """The same for work that reads for so long that others should not wait for it."""
        await self.read(_nothing)
        if self._read_only:
            return await self.read(work)
        try:
            return await self._ask(self._second, lambda: self._look(work))
        except _UnreadableError:
            return await self.read(work)

    async def all(self, query: str, values: Values = ()) -> list[Any]:
        """All rows of a query that finds few."""
        return await self.read(lambda each: each.execute(query, values).fetchall())

    async def one(self, query: str, values: Values = ()) -> Any:
        """Its first row, None when there is none."""
        return await self.read(lambda each: each.execute(query, values).fetchone())

    async def change(self, statement: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        return await self.write(lambda each: each.execute(statement, values).rowcount)

    async def change_each(self, statement: str, rows: Sequence[Values]) -> int:
        """The same, over all `rows` of values: for each of them or for none."""
        return await self.write(lambda each: each.executemany(statement, rows).rowcount)

    async def _ask(self, lane: Lane, job: Callable[[], _T], *, writing: bool = False) -> _T:
        try:
            result = await lane.run(job)
        except StorageError as error:
            self._heard(writing, error)
            raise
        self._heard(writing, None)
        return result

    # In the first thread.

    def _change(self, work: Work[_T]) -> _T:
        if self._read_only:
            self._drop()  # it may be well again
        return self._run(lambda connection: opening.transact(connection, work))

    def _run(self, work: Work[_T]) -> _T:
        try:
            return self._attempt(work)
        except sqlite3.DatabaseError as error:
            if not opening.is_damage(error):
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
            # SQLite would go on with a file that has no name any more, and all be lost at the end.
            if self._connection is not None and opening.identity(self._path) != self._opened:
                self._leave_lost_file(self._connection)
            if self._connection is None:
                self._connection = self._open()
                self._opened = opening.identity(self._path)
                self._journal = opening.identity(opening.journal_of(self._path))
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
            connection = opening.for_reading(self._path, self._steps)
            self._read_only = True
            _log.warning("a database can only be read", file=str(self._path), problem=str(error))
            return connection

    def _open_for_writing(self) -> sqlite3.Connection:
        connection = opening.for_writing(self._path, self._steps)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        """Closes the file; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _leave_lost_file(self, connection: sqlite3.Connection) -> None:
        rescued = not self._path.exists() and opening.rescued(connection, self._path)
        self._number += 1
        self._drop()
        # The lost file's; SQLite would bring it into the one that stands there now.
        opening.forget_index(self._path)
        journal = opening.journal_of(self._path)
        if opening.identity(journal) == self._journal:
            journal.unlink(missing_ok=True)
        _log.error(
            "a database was deleted or replaced while in use",
            file=str(self._path),
            written_again=rescued,
        )

    def _set_aside(self, error: sqlite3.Error) -> None:
        self._number += 1
        try:
            aside = opening.set_aside(self._path)
        except OSError as refused:
            raise self._trouble(refused) from refused
        _log.error(
            "a database is damaged; it is set aside and begun anew",
            file=str(self._path),
            set_aside=str(aside),
            problem=str(error),
        )

    def _trouble(self, error: Exception) -> StorageError:
        return StorageError(f"{self._path.name}: {error}")

    # In the second thread.

    def _look(self, work: Work[_T]) -> _T:
        try:
            if self._reader_of != self._number:  # that file was set aside
                self._drop_reader()
            if self._reader is None:
                self._reader_of = self._number
                self._reader = opening.beside(self._path)
            return work(self._reader)
        except (sqlite3.Error, OSError) as error:
            self._drop_reader()
            raise _UnreadableError from error

    def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _interrupt(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed a moment ago
            connection.interrupt()
