"""When a viewer counts as paused; what else a stream does, test_engine.py shows."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import Viewer
from telpher.streaming.engine import Engine
from telpher.streaming.stream import PAUSED_AFTER
from tests.streaming.fakes import REF, FakeMedia, content, read_all

MIB = 1 << 20
SIZE = 9 * MIB + 12_345


class Seat:
    """A viewer with chunks on their way that nobody but it wants."""

    def __init__(self, tasks):
        self.media = FakeMedia(SIZE)
        self.clock = FakeClock()
        self.engine = Engine(self.media, self.clock, tasks, cache_bytes=64 * MIB)

    async def sit_down(self, seconds):
        """Takes pieces, one every so many seconds, until chunks are on their way behind them."""
        self.stream = await self.engine.open(REF, 0, SIZE, Viewer(1, "client"))
        self.body = b""
        for _ in range(4):
            self.body += await anext(self.stream)
            self.clock.advance(seconds)
        asked = self.media.asked
        await self.media.until(lambda: len(self.media.answered) >= len(asked))
        self.media.gate.clear()
        self.body += await anext(self.stream)
        await self.media.until(lambda: len(asked) > len(self.media.answered))

    async def dropped(self):
        """Whether what was on its way is dropped now."""
        self.stream.rest_if_paused()
        for _ in range(5):
            await asyncio.sleep(0)
        return len(self.media.asked) == len(self.media.answered) + len(self.media.cancelled)

    async def stand_up(self):
        """Plays the rest, which must be right."""
        self.media.gate.set()
        assert self.body + await read_all(self.stream) == content(0, SIZE)
        await self.engine.close()


@pytest.fixture
async def seat():
    async with asyncio.TaskGroup() as tasks:
        yield Seat(tasks)


async def test_a_viewer_that_asks_for_nothing_is_paused(seat):
    await seat.sit_down(0.1)
    seat.clock.advance(PAUSED_AFTER - 0.1)
    assert not await seat.dropped()
    seat.clock.advance(0.1)
    assert await seat.dropped()
    await seat.stand_up()


async def test_a_viewer_that_plays_slowly_is_not(seat):
    await seat.sit_down(2 * PAUSED_AFTER)
    seat.clock.advance(4 * PAUSED_AFTER)
    assert not await seat.dropped()
    seat.clock.advance(2 * PAUSED_AFTER)
    assert await seat.dropped()
    await seat.stand_up()
