"""What custody is given: a part of the database, a seal, a folder, a clock.

The Protocols are the parts of `storage/base` that are needed here: rooms of one floor do not import
each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telpher.clock import Clock
from telpher.core.records import Lease
from telpher.telegram.custody.disk import SealedFiles
from telpher.telegram.custody.seal import Seal


class Leases(Protocol):
    """See storage/base, LeaseStore. All methods raise StorageError."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None: ...
    async def renew(self, lease: Lease, seconds: float) -> bool: ...
    async def release(self, lease: Lease) -> None: ...


class Sessions(Protocol):
    """See storage/base, SessionStore. All methods raise StorageError."""

    async def load(self, name: str) -> bytes | None: ...
    async def save(self, name: str, fence: int, data: bytes) -> bool: ...


class Database(Protocol):
    """See storage/base."""

    @property
    def leases(self) -> Leases: ...
    @property
    def sessions(self) -> Sessions: ...


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """What the accounts of one process share. `holder` is the id of their WORK_DIR."""

    database: Database
    seal: Seal
    files: SealedFiles
    holder: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Term:
    """How long something lasts for certain: until the first of both clocks says that it is over."""

    monotonic: float
    wall: float

    @classmethod
    def starting(cls, clock: Clock, seconds: float) -> Term:
        """From now on. To be made before the database is asked: its own term begins later."""
        return cls(clock.monotonic() + seconds, clock.now() + seconds)

    @classmethod
    def until(cls, clock: Clock, wall: float, at_most: float) -> Term:
        """Until a time that was noted in another run, and no longer than `at_most` seconds."""
        left = min(wall - clock.now(), at_most)
        return cls(clock.monotonic() + left, wall)

    def left(self, clock: Clock) -> float:
        """Seconds; negative when it is over."""
        return min(self.monotonic - clock.monotonic(), self.wall - clock.now())
