"""Redis as it is: a server of its own where one is installed, and ports that do not answer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from limits import RateLimitItemPerMinute
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.instances.server import PAUSE
from telpher.web.limiting.shared import OwnCounts, SharedCounts
from tests.ports import free_ports
from tests.redis_server import redis

ITEM = RateLimitItemPerMinute(3)
PATIENCE = 20.0


@asynccontextmanager
async def shared(url, clock=None):
    clock = clock or FakeClock()
    counts = SharedCounts(url, clock, OwnCounts(clock))
    try:
        yield counts
    finally:
        await counts.close()


async def hits(counts, times, key="a"):
    return [await counts.hit(ITEM, key) for _ in range(times)]


@pytest.mark.system
async def test_instances_count_together(tmp_path):
    async with (
        redis(tmp_path) as socket,
        shared(f"unix://{socket}") as one,
        shared(f"unix://{socket}") as two,
    ):
        assert await hits(one, 2) == [True, True]
        assert await hits(two, 2) == [True, False]
        assert await hits(two, 1, "b") == [True]
        view = await one.view(ITEM, "a")
        assert (view.used(60), view.previous) == (3, 0)
        assert 0 < view.wait(3, 60) <= 60


@pytest.mark.system
async def test_without_redis_each_counts_by_itself_until_it_is_back(tmp_path):
    clock, port = FakeClock(), free_ports()
    async with shared(f"redis://127.0.0.1:{port}/0", clock) as counts:
        with capture_logs() as entries:
            assert await hits(counts, 5) == [True] * 3 + [False] * 2
        assert [each["log_level"] for each in entries] == ["warning"]
        async with redis(tmp_path, port):
            assert await hits(counts, 1) == [False]  # it rests
            clock.advance(PAUSE)
            with capture_logs() as entries:
                assert await hits(counts, 4) == [True] * 3 + [False]
            assert [each["event"] for each in entries] == ["Redis answers again"]


@asynccontextmanager
async def impostor(words):
    """A port that says `words` to whoever connects, and no more."""

    async def answer(reader, writer):
        writer.write(words)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await server.wait_closed()


async def test_a_redis_that_is_silent_is_not_waited_for_long():
    async with (
        asyncio.timeout(PATIENCE),
        impostor(b"") as port,
        shared(f"redis://:secret@127.0.0.1:{port}") as counts,
    ):
        with capture_logs() as entries:
            assert await hits(counts, 4) == [True] * 3 + [False]
            assert (await counts.view(ITEM, "a")).current == 3
    assert len(entries) == 1
    assert "secret" not in str(entries)


async def test_a_redis_that_talks_nonsense_is_one_that_does_not_answer():
    async with (
        impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port,
        shared(f"redis://127.0.0.1:{port}") as counts,
    ):
        with capture_logs() as entries:
            assert await hits(counts, 4) == [True] * 3 + [False]
    assert [each["event"] for each in entries] == ["Redis does not answer: limits count here alone"]
