"""A Database that tells how long each question took.

Every coroutine method of every store is wrapped as it is first asked for, so that a method that is
added later is timed, too. Store and operation are names of this house's: nobody outside chooses
them.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, cast

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import DATABASE_ERRORS, DATABASE_SECONDS
from telpher.storage import base


class TimedDatabase:
    """See the module. Entered and left is the one within, by whoever made it."""

    def __init__(self, database: base.Database, metrics: Metrics, clock: Clock) -> None:
        def timed(name: str) -> Any:
            return _Timed(name, getattr(database, name), metrics, clock)

        self._database = database
        self._whole = _Timed("database", database, metrics, clock)
        self.users = cast("base.UserStore", timed("users"))
        self.links = cast("base.LinkStore", timed("links"))
        self.playlists = cast("base.PlaylistStore", timed("playlists"))
        self.jobs = cast("base.JobStore", timed("jobs"))
        self.leases = cast("base.LeaseStore", timed("leases"))
        self.sessions = cast("base.SessionStore", timed("sessions"))
        self.dialogues = cast("base.DialogueStore", timed("dialogues"))
        self.values = cast("base.ValueStore", timed("values"))
        self.ledger = cast("base.Ledger", timed("ledger"))
        self.copies = cast("base.CopyStore", timed("copies"))
        self.tokens = cast("base.TokenStore", timed("tokens"))
        self.files = cast("base.FileStore", timed("files"))

    def status(self) -> base.DatabaseStatus:
        """See Database."""
        return self._database.status()

    async def now(self) -> float:
        """See Database."""
        time: float = await self._whole.now()
        return time

    async def ping(self) -> None:
        """See Database."""
        await self._whole.ping()


class _Timed:
    """A store whose questions are timed."""

    def __init__(self, name: str, store: object, metrics: Metrics, clock: Clock) -> None:
        self._name = name
        self._store = store
        self._metrics = metrics
        self._clock = clock

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self._store, operation)
        if not inspect.iscoroutinefunction(method):
            return method
        name, metrics, clock = self._name, self._metrics, self._clock

        @functools.wraps(method)
        async def timed(*args: Any, **named: Any) -> Any:
            begun = clock.monotonic()
            try:
                return await method(*args, **named)
            except StorageError:
                metrics.count(DATABASE_ERRORS, name, operation)
                raise
            finally:
                seconds = clock.monotonic() - begun
                metrics.observe(DATABASE_SECONDS, seconds, name, operation)

        setattr(self, operation, timed)
        return timed
