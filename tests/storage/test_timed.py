"""Questions to the database are timed."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.core.records import User
from telpher.errors import StorageError
from telpher.observe.metrics.metrics import Metrics
from telpher.storage import base
from telpher.storage.sqlite import SqliteDatabase
from telpher.storage.timed import TimedDatabase


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def database(tmp_path: Path, metrics: Metrics) -> AsyncIterator[TimedDatabase]:
    clock = FakeClock()
    async with SqliteDatabase(tmp_path / "db.sqlite3", clock) as within:
        yield TimedDatabase(within, metrics, clock)


def asked(metrics: Metrics, store: str, operation: str) -> float | None:
    labels = {"store": store, "operation": operation}
    return metrics.registry.get_sample_value("telpher_database_seconds_count", labels)


def failed(metrics: Metrics, store: str, operation: str) -> float | None:
    labels = {"store": store, "operation": operation}
    return metrics.registry.get_sample_value("telpher_database_errors_total", labels)


async def test_questions_are_answered_and_counted(
    database: TimedDatabase, metrics: Metrics
) -> None:
    assert await database.users.get(7) is None
    assert await database.users.get(user_id=7) is None
    assert await database.users.counts(0.0)
    await database.ping()
    assert asked(metrics, "users", "get") == 2
    assert asked(metrics, "users", "counts") == 1
    assert asked(metrics, "database", "ping") == 1
    assert failed(metrics, "users", "get") is None
    assert database.status().status == "connected"


class Slow:
    """A store whose questions take 0.3 s, and fail."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    async def get(self, user_id: int) -> User | None:
        self._clock.advance(0.3)
        raise StorageError("away")


async def test_what_fails_is_timed_and_counted_too(tmp_path: Path, metrics: Metrics) -> None:
    clock = FakeClock()
    within = SqliteDatabase(tmp_path / "db.sqlite3", clock)
    within.users = Slow(clock)  # type: ignore[assignment]
    database = TimedDatabase(within, metrics, clock)
    with pytest.raises(StorageError):
        await database.users.get(7)
    labels = {"store": "users", "operation": "get"}
    value = metrics.registry.get_sample_value
    assert value("telpher_database_seconds_sum", labels) == pytest.approx(0.3)
    assert value("telpher_database_seconds_bucket", {**labels, "le": "0.1"}) == 0
    assert value("telpher_database_seconds_bucket", {**labels, "le": "0.5"}) == 1
    assert failed(metrics, "users", "get") == 1
    await within.__aexit__(None, None, None)


async def test_every_store_and_operation_is_there(database: TimedDatabase) -> None:
    stores = {
        name: each.fget.__annotations__["return"]
        for name, each in vars(base.Database).items()
        if isinstance(each, property)
    }
    assert len(stores) > 10
    for name, kind in stores.items():
        for operation, method in vars(getattr(base, kind)).items():
            if inspect.iscoroutinefunction(method):
                assert inspect.iscoroutinefunction(getattr(getattr(database, name), operation))


async def test_what_is_not_there_is_an_error(database: TimedDatabase) -> None:
    with pytest.raises(AttributeError):
        _ = database.users.no_such_thing  # type: ignore[attr-defined]
