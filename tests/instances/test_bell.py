"""Rings are heard elsewhere, at once; a Redis that comes and goes costs nothing but that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.instances.bell import Bell
from telpher.instances.server import PAUSE, RedisServer
from tests.redis_server import redis

pytestmark = pytest.mark.system

PATIENCE = 60.0
Make = Callable[[], RedisServer]


class Ear:
    """Counts what is heard."""

    def __init__(self) -> None:
        self.heard = 0
        self._news = asyncio.Event()

    async def __call__(self) -> None:
        self.heard += 1
        self._news.set()

    async def more_than(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.heard <= count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(bell: Bell, ear: Ear) -> AsyncIterator[None]:
    """Somebody listens, and has heard that they do."""

    async def soon(_seconds: float) -> None:
        await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(bell.run(ear, soon))
        await ear.more_than(0)
        yield
        task.cancel()


async def test_all_hear_a_ring(server: Make) -> None:
    here, there = Ear(), Ear()
    ringing = Bell(server())
    async with listening(Bell(server()), here), listening(Bell(server()), there):
        before = here.heard, there.heard
        await ringing.ring()
        await here.more_than(before[0])
        await there.more_than(before[1])


async def test_many_rings_are_few_looks(server: Make) -> None:
    ear, go = Ear(), asyncio.Event()
    looks = 0

    class Slow(Ear):
        async def __call__(self) -> None:
            nonlocal looks
            looks += 1
            await super().__call__()
            if looks == 2:
                await go.wait()

    ear = Slow()
    ringing = Bell(server())
    async with listening(Bell(server()), ear):
        await ringing.ring()
        await ear.more_than(1)
        for _ in range(100):
            await ringing.ring()
        go.set()
        await ear.more_than(2)
    assert looks < 20


async def test_who_could_not_hear_looks_when_it_can_again(tmp_path: Path, clock: FakeClock) -> None:
    ear = Ear()
    server = RedisServer(f"unix://{tmp_path}/redis.sock", clock)
    bell = Bell(server)
    try:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:

            async def soon(_seconds: float) -> None:
                await asyncio.sleep(0.05)

            task = tasks.create_task(bell.run(ear, soon))
            await bell.ring()  # nobody there: no error, and no wait
            for _ in range(2):
                heard = ear.heard
                async with redis(tmp_path):
                    await ear.more_than(heard)
                    clock.advance(PAUSE)
                    heard = ear.heard
                    await bell.ring()
                    await ear.more_than(heard)
            task.cancel()
    finally:
        await server.close()
