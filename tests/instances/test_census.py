"""What goes on elsewhere, as far as a limit needs to know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.instances.census import KEPT, MOST_KNOWN, Census
from telpher.instances.server import RedisServer
from tests.redis_server import redis

pytestmark = pytest.mark.system

PATIENCE = 60.0
ANN, BOB = 7, 8
Make = Callable[[], RedisServer]


async def soon(_seconds: float) -> None:
    await asyncio.sleep(0.01)


@asynccontextmanager
async def telling(census: Census, plays: Mapping[int, int]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(census.run(lambda: plays, soon))
        yield
        task.cancel()


async def found(census: Census, owner: int, count: int) -> None:
    """Waits until so many are known elsewhere."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await census.look(owner)
            if census.elsewhere(owner) == count:
                return
            await asyncio.sleep(0.01)


async def test_each_knows_of_the_others_and_not_of_itself(server: Make) -> None:
    here, there, yonder = (Census(server(), name) for name in ("here", "there", "yonder"))
    plays = {ANN: 1}
    async with telling(here, plays), telling(there, {ANN: 2, BOB: 5}), telling(yonder, {ANN: 4}):
        await found(here, ANN, 6)
        await found(there, ANN, 5)
        await found(yonder, BOB, 5)
        await found(there, BOB, 0)
        plays[ANN] = 3
        await found(there, ANN, 7)
        del plays[ANN]
        await found(there, ANN, 4)
    assert here.elsewhere(12345) == 0


async def test_who_ends_takes_its_plays_along(server: Make) -> None:
    here, there = Census(server(), "here"), Census(server(), "there")
    async with telling(there, {ANN: 2}):
        await found(here, ANN, 2)
    await here.look(ANN)
    assert here.elsewhere(ANN) == 0


async def test_who_was_killed_is_forgotten(server: Make) -> None:
    way = server()
    here, there = Census(server(), "here"), Census(way, "there")
    await way.ask(lambda client: there._tell({ANN: 2}, client))
    await found(here, ANN, 2)
    left = await way.client.ttl("telpher:plays:there")
    assert 0 < left <= KEPT
    await way.client.expire("telpher:plays:there", 0)
    await found(here, ANN, 0)
    assert await way.client.smembers("telpher:instances") == set()


async def test_without_redis_there_is_nobody_else(clock: FakeClock) -> None:
    server = RedisServer("redis://127.0.0.1:1", clock)
    census = Census(server, "here")
    await census.look(ANN)
    assert census.elsewhere(ANN) == 0
    await server.close()


async def test_a_redis_that_is_back_is_found_though_nobody_asks(
    tmp_path: Path, clock: FakeClock
) -> None:
    server = RedisServer(f"unix://{tmp_path}/redis.sock", clock)

    async def turn(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0.01)

    async def becomes(answers: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                if server.answers is answers:
                    return
                await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(Census(server, "here").run(dict, turn))
        await becomes(False)
        async with redis(tmp_path):
            await becomes(True)
        await becomes(False)
        task.cancel()
    await server.close()


async def test_strangers_do_not_make_it_grow(clock: FakeClock) -> None:
    server = RedisServer("redis://127.0.0.1:1", clock)
    census = Census(server, "here")
    for owner in range(MOST_KNOWN + 100):
        await census.look(owner)
    assert len(census._elsewhere) == MOST_KNOWN
    await server.close()
