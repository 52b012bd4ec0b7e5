"""Leases, and the sessions that are written under them, in SQLite.

A row stays when its lease has ended, so that fences never go back.
"""

from __future__ import annotations

import sqlite3

from telpher.clock import Clock
from telpher.core.records import Lease
from telpher.storage.scalars import storable
from telpher.storage.sqlite.file import SqliteFile

_LOOK = "SELECT holder, fence, ends FROM leases WHERE name = ?"
_TAKE = "INSERT OR REPLACE INTO leases (name, holder, fence, ends) VALUES (?, ?, ?, ?)"
_RENEW = """
    UPDATE leases SET ends = ? WHERE name = ? AND holder = ? AND fence = ? AND ends > ?
"""
_RELEASE = "UPDATE leases SET ends = 0 WHERE name = ? AND holder = ? AND fence = ?"

_LOAD = "SELECT data FROM sessions WHERE name = ?"
_SAVE = """
    INSERT INTO sessions (name, fence, data) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET fence = excluded.fence, data = excluded.data
    WHERE excluded.fence >= fence
"""


class SqliteLeases:
    """See LeaseStore. The machine's clock is the database's."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See LeaseStore."""
        name, holder = storable(name), storable(holder)

        def change(connection: sqlite3.Connection) -> Lease | None:
            now = self._clock.now()
            had_by, fence, ends = connection.execute(_LOOK, (name,)).fetchone() or (None, 0, 0.0)
            held = ends > now
            if held and had_by != holder:
                return None
            lease = Lease(name, holder, fence if held else fence + 1)
            connection.execute(_TAKE, (name, holder, lease.fence, now + seconds))
            return lease

        return await self._file.write(change)

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """See LeaseStore."""
        now = self._clock.now()
        return await self._file.change(_RENEW, (now + seconds, *_key(lease), now)) > 0

    async def release(self, lease: Lease) -> None:
        """See LeaseStore."""
        await self._file.change(_RELEASE, _key(lease))


class SqliteSessions:
    """See SessionStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def load(self, name: str) -> bytes | None:
        """See SessionStore."""
        row = await self._file.one(_LOAD, (storable(name),))
        return row[0] if row else None

    async def save(self, name: str, fence: int, data: bytes) -> bool:
        """See SessionStore."""
        return await self._file.change(_SAVE, (storable(name), fence, data)) > 0


def _key(lease: Lease) -> tuple[str, str, int]:
    return storable(lease.name), storable(lease.holder), lease.fence
