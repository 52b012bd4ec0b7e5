"""What is asked for ahead of a viewer who has left early before (core/habit); for all others
test_engine.py shows it."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import GRANULE
from telpher.core.habit import GLANCES, IN_VAIN, STAYS_AFTER
from telpher.core.model import Viewer
from telpher.streaming.engine import Engine
from telpher.streaming.readahead import CHUNK_PART, LEAST_AHEAD
from telpher.streaming.stream import Stream
from tests.streaming.fakes import REF, FakeMedia, content, read_all

MIB = 1 << 20
SIZE = 9 * MIB
PLAYER = Viewer(1, "client")


class Hall:
    """A player who has come and left before, always early, far from what it looks at next."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.media = FakeMedia(SIZE)
        self.engine = Engine(self.media, FakeClock(), tasks, cache_bytes=64 * MIB)

    async def glance(self, times: int) -> None:
        for number in range(times):
            stream = await self.engine.open(REF, 6 * MIB + number, SIZE, PLAYER)
            await anext(stream)
            await stream.aclose()
        await settle()
        for each in (self.media.asked, self.media.answered, self.media.cancelled):
            each.clear()

    def ahead(self) -> int:
        """Bytes asked for since then."""
        return sum(limit for _, limit in self.media.asked)

    def flying(self) -> set[tuple[int, int]]:
        return set(self.media.asked) - {*self.media.answered, *self.media.cancelled}

    async def leave_while_waiting(self) -> tuple[Stream, int]:
        """A stream that was left waiting for bytes, and how many it had had."""
        stream = await self.engine.open(REF, 0, SIZE, PLAYER)
        await settle()
        self.media.gate.clear()
        come = 0
        while True:
            waiting = asyncio.create_task(anext(stream))
            await settle()
            if not waiting.done():
                break
            come += len(waiting.result())
        waiting.cancel()
        await asyncio.wait([waiting])
        await stream.aclose()
        await settle()
        return stream, come


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def hall():
    async with asyncio.TaskGroup() as tasks:
        hall = Hall(tasks)
        yield hall
        hall.media.gate.set()
        await hall.engine.close()


async def test_who_glances_has_little_asked_for_ahead(hall):
    await hall.glance(GLANCES)
    stream = await hall.engine.open(REF, 0, SIZE, PLAYER)
    assert IN_VAIN <= hall.ahead() <= IN_VAIN + GRANULE
    await stream.aclose()


async def test_until_it_stays(hall):
    await hall.glance(GLANCES)
    stream = await hall.engine.open(REF, 0, SIZE, PLAYER)
    body, most = b"", []
    while len(body) < STAYS_AFTER:
        most.append(hall.ahead() - len(body))
        assert most[-1] <= max(IN_VAIN, len(body) // 2) + STAYS_AFTER // CHUNK_PART
        body += await anext(stream)
    assert most[-1] > 2 * IN_VAIN
    while len(body) < STAYS_AFTER + MIB:
        body += await anext(stream)
    assert hall.ahead() - len(body) > STAYS_AFTER // 2
    assert body + await read_all(stream) == content(0, SIZE)


async def test_others_are_not_taken_for_it(hall):
    await hall.glance(GLANCES)
    stream = await hall.engine.open(REF, 0, SIZE, Viewer(1, "another"))
    assert hall.ahead() >= LEAST_AHEAD
    await stream.aclose()


async def test_what_is_on_its_way_when_it_leaves_is_for_its_next_connection(hall):
    await hall.glance(GLANCES)
    _, come = await hall.leave_while_waiting()
    kept = hall.flying()
    assert 0 < sum(limit for _, limit in kept) <= IN_VAIN
    assert come in {offset for offset, _ in kept}
    hall.media.asked.clear()
    hall.media.gate.set()
    again = await hall.engine.open(REF, come, come + GRANULE, PLAYER)
    assert await read_all(again) == content(come, GRANULE)
    assert hall.media.asked == []


async def test_it_ends_with_the_seat(hall):
    await hall.glance(GLANCES)
    left, _ = await hall.leave_while_waiting()
    assert hall.flying()
    left.finish()
    await settle()
    assert not hall.flying()


async def test_of_who_usually_stays_nothing_is_kept(hall):
    await hall.leave_while_waiting()
    assert not hall.flying()


async def test_look_ups_are_counted_once_for_each_viewer() -> None:
    async with asyncio.TaskGroup() as tasks:
        engine = Engine(FakeMedia(MIB), FakeClock(), tasks, cache_bytes=64 * MIB)
        try:
            assert engine.stats().cache.hit_rate is None
            first = await engine.open(REF, 0, MIB, PLAYER)
            assert await read_all(first) == content(0, MIB)
            counts = engine.stats().cache
            assert (counts.hits, counts.joined) == (0, 0)
            missed = counts.misses
            assert missed > 0
            second = await engine.open(REF, 0, MIB, Viewer(2, "another"))
            assert await read_all(second) == content(0, MIB)
            assert (counts.hits, counts.joined, counts.misses) == (missed, 0, missed)
            assert counts.hit_rate == 0.5
            assert engine.stats().bytes_served == 2 * MIB
        finally:
            await engine.close()


async def test_what_is_on_its_way_is_joined() -> None:
    async with asyncio.TaskGroup() as tasks:
        media = FakeMedia(MIB)
        engine = Engine(media, FakeClock(), tasks, cache_bytes=64 * MIB)
        media.gate.clear()
        try:
            viewers = [
                asyncio.create_task(engine.open(REF, 0, MIB, Viewer(number, "client")))
                for number in (1, 2)
            ]
            await settle()
            counts = engine.stats().cache
            assert counts.joined == counts.misses > 0
            assert counts.hits == 0
            media.gate.set()
            for viewer in viewers:
                await (await viewer).aclose()
        finally:
            await engine.close()
