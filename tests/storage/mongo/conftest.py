"""A MongoDB to look into beside the house, and servers that may be killed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from telpher.clock import FakeClock
from telpher.storage.mongo import MongoDatabase
from tests.storage.mongod import Mongod

# Seconds. Nothing here may fail because a machine is slow.
PATIENCE = 60.0


@pytest.fixture
def url(new_mongo: Callable[[], str]) -> str:
    """An empty database."""
    return new_mongo()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def raw(url: str) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """The same database as another program sees it."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        yield client.get_default_database()


@pytest.fixture
async def database(url: str, clock: FakeClock) -> AsyncIterator[MongoDatabase]:
    async with MongoDatabase(url, clock, PATIENCE) as database:
        await database.prepared()
        yield database


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mongod]:
    """A server of the test's own, not started; it keeps what it is told."""
    server = Mongod(str(tmp_path / "data"), log=tmp_path / "log")
    try:
        yield server
    finally:
        server.kill()
