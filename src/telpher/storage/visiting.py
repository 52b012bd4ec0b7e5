"""A database as a visitor sees it: looked at as it is, with leases and sessions to go by.

The database of telpher at work sets damage aside, brings old forms up to date and puts foreign
documents in order as soon as it is opened. A visitor (`telpher check`) must not: it may come from
a newer version than the one that runs, or before the first one ever ran.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from telpher.clock import Clock
from telpher.storage.base import LeaseStore, SessionStore
from telpher.storage.mongo.visit import MongoVisit
from telpher.storage.opening import FILE
from telpher.storage.seen import Seen
from telpher.storage.sqlite.visit import SqliteVisit


class Visited(Protocol):
    """What a visitor has of a database."""

    @property
    def leases(self) -> LeaseStore: ...
    @property
    def sessions(self) -> SessionStore: ...

    async def look(self) -> Seen:
        """What is there; nothing is changed by it. Raises StorageError when nobody answers, and
        SettingsError for a URL that is none.

        Leases and sessions may be used once it said `usable`.
        """
        ...


def visiting(url: str | None, work_dir: Path, clock: Clock) -> AbstractAsyncContextManager[Visited]:
    """The database that the settings name, to be entered in the loop that uses it."""
    if url:
        return MongoVisit(url, clock)
    return SqliteVisit(work_dir / FILE, clock)
