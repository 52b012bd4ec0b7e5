"""Looks at files, for their pictures: a few bytes, which are nobody's play."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import GRANULE
from telpher.core.demand import Urgency
from telpher.core.model import SmallSize, Viewer
from telpher.errors import (
    BusyError,
    FloodWaitError,
    NotFoundError,
    RequestRejectedError,
)
from telpher.streaming.engine import MOST_PEEKED, Engine
from telpher.streaming.plays import PlayLimits, Plays
from tests.streaming.fakes import REF, FakeMedia, content, read_all

MIB = 1 << 20
SIZE = 9 * MIB + 12_345


class Log:
    def __init__(self) -> None:
        self.told: list[str] = []

    def begun(self, *_: object) -> None:
        self.told.append("begun")

    def served(self, *_: object) -> None:
        self.told.append("served")


class Stage:
    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.media = FakeMedia(SIZE)
        self.log = Log()
        plays = Plays(PlayLimits(most=1), FakeClock(), self.log)
        self.engine = Engine(self.media, FakeClock(), tasks, cache_bytes=8 * MIB, plays=plays)


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        stage = Stage(tasks)
        yield stage
        await stage.engine.close()


async def test_the_bytes_and_no_more_than_their_granules(stage: Stage) -> None:
    start, stop = GRANULE - 10, 2 * GRANULE + 10
    looked = await stage.engine.peek(REF, stage.media.info, start, stop)
    assert looked == content(start, stop - start)
    assert sum(limit for _, limit in stage.media.asked) == 3 * GRANULE
    last = await stage.engine.peek(REF, stage.media.info, SIZE - 5, SIZE)
    assert last == content(SIZE - 5, 5)


async def test_looks_and_plays_share_what_was_fetched(stage: Stage) -> None:
    await stage.engine.peek(REF, stage.media.info, 0, 10)
    await read_all(await stage.engine.open(REF, 0, GRANULE, Viewer(1, "a")))
    assert stage.media.asked == [(0, GRANULE)]


async def test_a_look_is_no_play_and_counts_nowhere(stage: Stage) -> None:
    """Nor does it need a place where all are taken (MAX_STREAMS)."""
    stream = await stage.engine.open(REF, 0, SIZE, Viewer(1, "a"))
    stage.log.told.clear()
    before = stage.engine.stats()
    assert await stage.engine.peek(REF, stage.media.info, MIB, 2 * MIB)
    after = stage.engine.stats()
    assert (after.active_plays, after.total_streams) == (before.active_plays, before.total_streams)
    assert stage.log.told == []
    await stream.aclose()


async def test_a_look_leaves_no_seat_taken(stage: Stage) -> None:
    for offset in range(200):
        start = offset * GRANULE % MIB
        await stage.engine.peek(REF, stage.media.info, start, start + 1)
        assert stage.engine.stats().active_streams == 0
    stage.media.script.append(RequestRejectedError("X"))
    with pytest.raises(RequestRejectedError):
        await stage.engine.peek(REF, stage.media.info, 8 * MIB, 8 * MIB + 1)
    assert await stage.engine.peek(REF, stage.media.info, 8 * MIB, 8 * MIB + 1)


@pytest.mark.parametrize(
    ("start", "stop"), [(-1, 5), (5, 5), (6, 5), (0, SIZE + 1), (0, MOST_PEEKED + 1)]
)
async def test_looks_that_make_no_sense(stage: Stage, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="a look at"):
        await stage.engine.peek(REF, stage.media.info, start, stop)


async def test_whoever_stops_looking_has_it_cancelled(stage: Stage) -> None:
    stage.media.gate.clear()
    looking = asyncio.create_task(stage.engine.peek(REF, stage.media.info, 0, 10))
    await stage.media.until(lambda: bool(stage.media.asked))
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await stage.media.until(lambda: bool(stage.media.cancelled))


async def test_a_closed_engine_looks_at_nothing(stage: Stage) -> None:
    await stage.engine.close()
    with pytest.raises(BusyError):
        await stage.engine.peek(REF, stage.media.info, 0, 10)


async def test_telegrams_thumbnail(stage: Stage) -> None:
    info = replace(stage.media.info, thumbnail=SmallSize("m", 1234))
    assert await stage.engine.thumbnail(REF, info) == bytes(1234)
    assert stage.media.thumbnails == [("m", Urgency.NEAR)]
    with pytest.raises(NotFoundError):
        await stage.engine.thumbnail(REF, stage.media.info)


async def test_trouble_with_a_thumbnail_is_waited_out(stage: Stage) -> None:
    info = replace(stage.media.info, thumbnail=SmallSize("m", 1234))
    stage.media.script.append(FloodWaitError(0))
    assert await stage.engine.thumbnail(REF, info)
    assert len(stage.media.thumbnails) == 2
    stage.media.script.append(FloodWaitError(600))
    with pytest.raises(FloodWaitError):
        await stage.engine.thumbnail(REF, info)
