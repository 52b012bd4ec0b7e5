"""The fixtures of the contract: every test here runs on every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from telpher.storage.base import Database
from tests.storage.contract.backends import Backend, Place
from tests.storage.contract.mongo import mongo_backend
from tests.storage.contract.sqlite import sqlite_backend

__all__ = ["mongo_backend", "sqlite_backend"]

# Each has its fixture `<name>_backend`. MongoDB is a program of its own that has to be started.
BACKENDS = ("sqlite", pytest.param("mongo", marks=pytest.mark.slow))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Makes places, for tests that need several."""
    found: Backend = request.getfixturevalue(f"{request.param}_backend")
    return found


@pytest.fixture
def place(backend: Backend) -> Place:
    """Where this test's data are, for tests that open them several times."""
    return backend()


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """An empty database."""
    async with place.open() as database:
        yield database
