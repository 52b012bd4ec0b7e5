"""SQLite, with a clock that the tests turn."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.storage.base import Database
from telpher.storage.sqlite import SqliteDatabase
from tests.storage.contract.backends import Backend

# Seconds.
_TICK = 0.25

# Seconds. How long callers wait in earnest is not the contract's matter, and nothing here may fail
# because a machine is slow.
_PATIENCE = 60.0


class SqlitePlace:
    """See Place."""

    type = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clock = FakeClock()

    def open(self) -> AbstractAsyncContextManager[Database]:
        return SqliteDatabase(self._path, self._clock, _PATIENCE)

    async def tick(self) -> None:
        self._clock.advance(_TICK)


@pytest.fixture
def sqlite_backend(tmp_path: Path) -> Backend:
    number = 0

    def place() -> SqlitePlace:
        nonlocal number
        number += 1
        return SqlitePlace(tmp_path / f"{number}.sqlite3")

    return place
