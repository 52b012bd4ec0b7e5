"""A database of leases and sessions in memory, and what instances of telpher have of it."""

import asyncio
from dataclasses import dataclass, replace

from telpher.clock import Clock, FakeClock
from telpher.core.records import Lease
from telpher.errors import StorageError
from telpher.telegram.custody.base import Vault
from telpher.telegram.custody.disk import SealedFiles, instance_id
from telpher.telegram.custody.seal import Seal


@dataclass
class _Held:
    lease: Lease
    ends: float


class MemoryDatabase:
    """Leases by its own clock; `away` makes every call fail, `calls` counts them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        self.calls = 0
        self.blobs: dict[str, tuple[int, bytes]] = {}
        self.held: dict[str, _Held] = {}
        self._fences: dict[str, int] = {}
        self._saved = asyncio.Event()

    async def until_kept(self, name: str, wanted) -> None:
        """Waits for a blob that `wanted` accepts."""
        while not (name in self.blobs and wanted(self.blobs[name][1])):
            self._saved.clear()
            await self._saved.wait()

    @property
    def leases(self):
        return self

    @property
    def sessions(self):
        return self

    def holder(self, name: str) -> str | None:
        """Who has a lease now."""
        held = self.held.get(name)
        return held.lease.holder if held and held.ends > self.clock.monotonic() else None

    async def acquire(self, name, holder, seconds):
        self._answer()
        now = self.holder(name)
        if now not in (None, holder):
            return None
        if now is None:
            self._fences[name] = self._fences.get(name, 0) + 1
        lease = Lease(name, holder, self._fences[name])
        self.held[name] = _Held(lease, self.clock.monotonic() + seconds)
        return lease

    async def renew(self, lease, seconds):
        self._answer()
        if self.holder(lease.name) is None or self.held[lease.name].lease != lease:
            return False
        self.held[lease.name].ends = self.clock.monotonic() + seconds
        return True

    async def release(self, lease):
        self._answer()
        if lease.name in self.held and self.held[lease.name].lease == lease:
            del self.held[lease.name]

    async def load(self, name):
        self._answer()
        return self.blobs[name][1] if name in self.blobs else None

    async def save(self, name, fence, data):
        self._answer()
        if name in self.blobs and self.blobs[name][0] > fence:
            return False
        self.blobs[name] = (fence, data)
        self._saved.set()
        return True

    def _answer(self) -> None:
        self.calls += 1
        if self.away:
            raise StorageError("away")


@dataclass
class View:
    """The database as one instance sees it: it may be away for this one alone."""

    database: MemoryDatabase
    away: bool = False

    @property
    def leases(self):
        return self

    @property
    def sessions(self):
        return self

    def __getattr__(self, name):
        if self.away:
            return self._refuse
        return getattr(self.database, name)

    async def _refuse(self, *_):
        raise StorageError("away")


def vault(database, folder, clock=None, secret: str = "0123456789abcdef") -> Vault:
    """What an instance with that WORK_DIR has."""
    files = SealedFiles(folder / "sessions")
    holder = instance_id(folder)
    return Vault(database, Seal(secret), files, holder, clock or FakeClock())


def with_database(of: Vault, database) -> Vault:
    """The same with another view of the database."""
    return replace(of, database=database)
