"""Redis as it is: a server of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.instances.server import RedisServer
from tests.redis_server import redis


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with redis(tmp_path) as socket:
        yield f"unix://{socket}"


@pytest.fixture
async def server(url: str, clock: FakeClock) -> AsyncIterator[Callable[[], RedisServer]]:
    """Makes ways to it, one for each instance."""
    async with AsyncExitStack() as made:

        def make() -> RedisServer:
            server = RedisServer(url, clock)
            made.push_async_callback(server.close)
            return server

        yield make
