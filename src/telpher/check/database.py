"""The database: whether it answers, is sound, takes what is written, and has its indexes.

What it may be used for is told to `bots`, which keep their logins there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from telpher.check.report import Finding, failed, ok, warning
from telpher.clock import Clock
from telpher.core.records import Lease
from telpher.errors import StorageError
from telpher.storage.base import LeaseStore, SessionStore
from telpher.storage.seen import Seen
from telpher.storage.visiting import Visited

NAME: Final = "database"

# Seconds. telpher gives each question two; from here on people notice that lists come late.
_SLOW: Final = 0.25

# A lease to write and to give back: proof that something is kept, and nothing is left of it.
_PROOF: Final = "check"
_PROOF_SECONDS: Final = 30.0

# Indexes named in one line; whoever lacks more lacks them all.
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where logins are kept: the part of a database that custody needs."""

    leases: LeaseStore
    sessions: SessionStore


class DatabaseLook:
    """`holder` is who takes the lease; two of them do not get in each other's way."""

    def __init__(self, visited: Visited, clock: Clock, holder: str, where: str) -> None:
        self._visited = visited
        self._clock = clock
        self._holder = holder
        self._where = where
        self._away = _Away()
        self._done = asyncio.Event()
        self._keeping = Keeping(self._away, self._away)

    async def keeping(self) -> Keeping:
        """Where logins may be kept, once that is known; what refuses everything if nowhere."""
        await self._done.wait()
        return self._keeping

    async def look(self) -> list[Finding]:
        """Raises StorageError when nobody answers, SettingsError for a URL that is none."""
        try:
            began = self._clock.monotonic()
            seen = await self._visited.look()
            if seen.trouble:
                return [_troubled(seen)]
            if not seen.usable:
                found = (
                    f"{self._where}: of an older telpher. Starting this one brings it up to date."
                )
                return [ok(NAME, found)]
            await self._prove()
            self._keeping = Keeping(self._visited.leases, self._visited.sessions)
            return [self._answered(seen, self._clock.monotonic() - began), *_indexes(seen)]
        finally:
            self._done.set()

    async def _prove(self) -> None:
        name = f"{_PROOF} {self._holder}"
        lease = await self._visited.leases.acquire(name, self._holder, _PROOF_SECONDS)
        if lease is not None:
            await self._visited.leases.release(lease)

    def _answered(self, seen: Seen, seconds: float) -> Finding:
        found = f"{self._where}: answers, and takes what is written"
        if seen.fresh:
            found += "; empty so far"
        # It was asked some questions, and each may take that long.
        if seconds > _SLOW * 20:
            return warning(
                NAME,
                f"{found}, but slowly ({seconds:.1f} s for what takes tenths of one).",
                "Choose one that is nearer, or give it more power.",
            )
        return ok(NAME, f"{found}.")


def _troubled(seen: Seen) -> Finding:
    if "newer" in seen.trouble:
        remedy = "Install the newest telpher, or set another WORK_DIR."
    else:
        remedy = (
            "Stop telpher and put a backup in its place; without one, starting telpher sets the "
            "file aside and begins anew."
        )
    return failed(NAME, seen.trouble, remedy)


def _indexes(seen: Seen) -> list[Finding]:
    if seen.fresh:
        return []
    if not seen.missing:
        return [ok("indexes", "All are there.")]
    named = "; ".join(seen.missing[:_MOST_NAMED])
    more = len(seen.missing) - _MOST_NAMED
    found = f"{len(seen.missing)} missing, so lists are slow: {named}"
    if more > 0:
        found += f"; and {more} more"
    if seen.type == "sqlite":
        remedy = "Run these statements with sqlite3 on WORK_DIR/telpher.sqlite3."
    else:
        remedy = (
            "telpher makes them when it starts, which takes minutes for millions of documents: "
            "start it again, and look for 'the database could not be prepared' in its log."
        )
    return [warning("indexes", f"{found}.", remedy)]


class _Away:
    """Leases and sessions of a database that cannot be used."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        raise StorageError("the database cannot be used now")

    async def renew(self, lease: Lease, seconds: float) -> bool:
        raise StorageError("the database cannot be used now")

    async def release(self, lease: Lease) -> None:
        raise StorageError("the database cannot be used now")

    async def load(self, name: str) -> bytes | None:
        raise StorageError("the database cannot be used now")

    async def save(self, name: str, fence: int, data: bytes) -> bool:
        raise StorageError("the database cannot be used now")
