"""MongoDB, whose time is the server's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from telpher.clock import FakeClock
from telpher.storage.base import Database
from telpher.storage.mongo import MongoDatabase
from tests.storage.contract.backends import Backend

# Seconds.
_TICK = 0.02

# Seconds. How long callers wait in earnest is not the contract's matter, and nothing here may fail
# because a machine is slow.
_PATIENCE = 60.0


class MongoPlace:
    """See Place."""

    type = "mongodb"

    def __init__(self, url: str) -> None:
        self._url = url
        self._clock = FakeClock()

    def open(self) -> AbstractAsyncContextManager[Database]:
        return MongoDatabase(self._url, self._clock, _PATIENCE)

    async def tick(self) -> None:
        await asyncio.sleep(_TICK)


@pytest.fixture
def mongo_backend(new_mongo: Callable[[], str]) -> Backend:
    return lambda: MongoPlace(new_mongo())
