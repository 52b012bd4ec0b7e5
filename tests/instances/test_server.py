"""The way to Redis, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvloop

from telpher.clock import FakeClock
from telpher.instances.server import PAUSE, RedisServer
from tests.redis_server import redis
from tests.wire import to_socket, wire


async def several_at_once(client: Any) -> bool:
    async with client.pipeline(transaction=True) as pipe:
        await pipe.set("a", 1).delete("a").execute()
    return True


async def through_a_reset(folder: Path) -> None:
    clock = FakeClock()
    async with redis(folder) as socket, wire(to_socket(str(socket))) as line:
        server = RedisServer(f"redis://127.0.0.1:{line.port}", clock)
        assert await server.ask(several_at_once)
        line.reset()
        await line.ended()
        assert await server.ask(several_at_once) is None
        assert not server.answers
        await line.mend()
        clock.advance(PAUSE)
        assert await server.ask(several_at_once)
        assert server.answers
        await server.close()


@pytest.mark.system
def test_a_connection_that_is_reset_is_made_anew(tmp_path):
    """On the loop that telpher runs on, which has a word of its own for that."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(through_a_reset(tmp_path))
