"""The Database in one SQLite file.

Nobody waits longer than PATIENCE: a disk that hangs costs the one who asks first that long, and
everybody after that nothing, until it answers again (`lane`). A disk that fails fails at once, and
is tried again with each call. The log has one line when trouble begins and one when it ends. Where
reading works and writing does not (a full disk) the trouble ends when something was written.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.storage.base import DatabaseStatus
from telpher.storage.sqlite.copies import SqliteCopies
from telpher.storage.sqlite.file import SqliteFile
from telpher.storage.sqlite.files import SqliteFiles
from telpher.storage.sqlite.jobs import SqliteJobs
from telpher.storage.sqlite.leases import SqliteLeases, SqliteSessions
from telpher.storage.sqlite.ledger import SqliteLedger
from telpher.storage.sqlite.links import SqliteLinks
from telpher.storage.sqlite.playlists import SqlitePlaylists
from telpher.storage.sqlite.schema import STEPS
from telpher.storage.sqlite.settings import SqliteDialogues, SqliteValues
from telpher.storage.sqlite.takeover import take_over
from telpher.storage.sqlite.tokens import SqliteTokens
from telpher.storage.sqlite.users import SqliteUsers

# Seconds. Nobody's answer waits longer for the database, whatever has become of it.
PATIENCE: Final = 2.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SqliteDatabase:
    """See Database. `clock` is what its leases and changes go by.

    A `copies.sqlite3` in the same folder, where copies were kept once, is taken over.
    """

    def __init__(self, path: Path, clock: Clock, patience: float = PATIENCE) -> None:
        def prepare(connection: sqlite3.Connection) -> None:
            take_over(path.with_name("copies.sqlite3"), connection)

        self._clock = clock
        file = SqliteFile(path, STEPS, patience=patience, prepare=prepare, heard=self._hear)
        self._file = file
        # What is in trouble: writing, reading.
        self._troubled: set[bool] = set()
        self._closed = False
        self.users = SqliteUsers(file, clock)
        self.links = SqliteLinks(file, clock)
        self.playlists = SqlitePlaylists(file)
        self.jobs = SqliteJobs(file)
        self.leases = SqliteLeases(file, clock)
        self.sessions = SqliteSessions(file)
        self.dialogues = SqliteDialogues(file)
        self.values = SqliteValues(file)
        self.files = SqliteFiles(file)
        self.ledger = SqliteLedger(file, clock)
        self.copies = SqliteCopies(file)
        self.tokens = SqliteTokens(file)

    async def __aenter__(self) -> SqliteDatabase:
        with contextlib.suppress(StorageError):  # it is tried again as it is used
            await self.ping()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        await self._file.close()

    def status(self) -> DatabaseStatus:
        """See Database."""
        return DatabaseStatus("unreachable" if self._troubled else "connected", "sqlite")

    async def now(self) -> float:
        """See Database. The machine's clock is the file's: all who share it run there."""
        return self._clock.now()

    async def ping(self) -> None:
        """See Database."""
        await self._file.one("SELECT count(*) FROM totals")

    def _hear(self, writing: bool, trouble: StorageError | None) -> None:
        before = bool(self._troubled)
        if trouble:
            self._troubled.add(writing)
        else:
            # What can be written can be read, too.
            self._troubled -= {False, writing}
        if self._closed:
            return
        if trouble and not before:
            _log.warning("the database fails; what can go on goes on", problem=str(trouble))
        elif before and not self._troubled:
            _log.info("the database is well again")
