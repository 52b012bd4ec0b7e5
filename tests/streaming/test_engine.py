"""The engine as a conversation: what viewers ask for, what Telegram is asked for."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telpher.clock import FakeClock
from telpher.core.chunks import GRANULE
from telpher.core.model import Viewer
from telpher.errors import (
    BusyError,
    ChunkTimeoutError,
    FloodWaitError,
    NotFoundError,
    RequestRejectedError,
)
from telpher.streaming.cache import GUARANTEE
from telpher.streaming.engine import Engine
from telpher.streaming.plays import PlayLimits, Plays
from tests.streaming.fakes import REF, FakeMedia, content, read_all, read_into

MIB = 1 << 20
SIZE = 9 * MIB + 12_345
ME = Viewer(1, "client")


def make_engine(media, tasks, cache=64 * MIB):
    return Engine(media, FakeClock(), tasks, cache_bytes=cache)


@pytest.fixture
async def tasks():
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
def media():
    return FakeMedia(SIZE)


@pytest.fixture
async def engine(media, tasks):
    engine = make_engine(media, tasks)
    yield engine
    await engine.close()
    assert engine.stats().active_streams == 0


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_ranges_in_any_order_are_right_and_memory_is_bounded(data):
    edges = st.sampled_from([n * MIB + d for n in range(3) for d in (-1, 0, 1)] + [GRANULE])
    position = st.one_of(st.integers(0, 3 * MIB), edges).filter(lambda n: 0 <= n <= 3 * MIB)
    ranges = data.draw(st.lists(st.tuples(position, position).filter(lambda r: r[0] != r[1])))
    cache = data.draw(st.sampled_from([4 * GUARANTEE, MIB, 64 * MIB]))

    async def conversation():
        async with asyncio.TaskGroup() as tasks:
            engine = make_engine(FakeMedia(3 * MIB), tasks, cache)
            for one, other in ranges:
                start, stop = sorted((one, other))
                stream = await engine.open(REF, start, stop, ME)
                assert await read_all(stream) == content(start, stop - start)
                assert engine.stats().cache_bytes <= cache
            await engine.close()

    asyncio.run(conversation())


async def test_a_file_read_twice_is_fetched_once(engine, media):
    for _ in range(2):
        assert await read_all(await engine.open(REF, 0, SIZE, ME)) == content(0, SIZE)
    assert sum(limit for _, limit in media.asked) <= SIZE + GRANULE
    assert engine.stats().total_streams == 2


async def test_twenty_viewers_at_once_are_one_fetch(engine, media):
    async def view():
        return await read_all(await engine.open(REF, 0, SIZE, ME))

    bodies = await asyncio.gather(*(view() for _ in range(20)))
    assert set(bodies) == {content(0, SIZE)}
    assert len(media.asked) == len(set(media.asked))
    assert sum(limit for _, limit in media.asked) <= SIZE + GRANULE


@pytest.mark.parametrize("cache", [MIB, 4 * MIB, 8 * MIB])
async def test_read_ahead_does_not_evict_what_is_read_next(media, tasks, cache):
    engine = make_engine(media, tasks, cache)
    assert await read_all(await engine.open(REF, 0, SIZE, ME)) == content(0, SIZE)
    assert len(media.asked) == len(set(media.asked))
    assert sum(limit for _, limit in media.asked) <= SIZE + GRANULE
    await engine.close()


async def test_viewers_far_apart_do_not_take_each_others_read_ahead(media, tasks):
    engine = make_engine(media, tasks, 4 * MIB)
    starts = [0, 3 * MIB, 6 * MIB]
    streams = [await engine.open(REF, start, start + 3 * MIB, ME) for start in starts]
    bodies = [bytearray() for _ in streams]
    for _ in range(3 * MIB // GRANULE):
        for body, stream in zip(bodies, streams, strict=True):
            if not stream.complete:
                body += await anext(stream)
    assert bodies == [content(start, 3 * MIB) for start in starts]
    assert sum(limit for _, limit in media.asked) <= 9 * MIB * 1.05
    for stream in streams:
        await stream.aclose()
    await engine.close()


async def test_one_byte_costs_one_small_request(engine, media):
    assert await read_all(await engine.open(REF, 0, 1, ME)) == content(0, 1)
    assert media.asked == [(0, GRANULE)]


async def test_the_first_request_is_small_and_at_the_wanted_granule(engine, media):
    stream = await engine.open(REF, 5 * MIB + 100_000, SIZE, ME)
    assert media.asked[0] == (5 * MIB + GRANULE, GRANULE)
    await stream.aclose()


async def test_chunks_in_flight_overlap_without_a_barrier(engine, media):
    media.gate.clear()
    opening = asyncio.ensure_future(engine.open(REF, 0, SIZE, ME))
    await media.until(lambda: len(media.asked) == 6)  # 64, 64, 128, 256, 256, 256 KiB
    assert media.answered == []
    media.gate.set()
    assert await read_all(await opening) == content(0, SIZE)


async def test_leaving_cancels_what_nobody_else_waits_for(engine, media):
    stream = await engine.open(REF, 0, SIZE, ME)
    await anext(stream)
    media.gate.clear()
    for _ in range(6):
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.wait([reading], timeout=0)
        if not reading.done():
            break
    await media.until(lambda: len(media.asked) > len(media.answered))
    under_way = media.asked[len(media.answered) :]
    reading.cancel()
    await asyncio.wait([reading])
    await stream.aclose()
    await stream.aclose()
    await media.until(lambda: len(media.cancelled) == len(under_way))
    assert sorted(media.cancelled) == sorted(under_way)
    asked = len(media.asked)
    media.gate.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(media.asked) == asked


async def test_leaving_does_not_take_the_bytes_from_another(engine, media):
    media.gate.clear()
    first, second = (asyncio.ensure_future(engine.open(REF, 0, SIZE, ME)) for _ in range(2))
    await media.until(lambda: len(media.asked) > 0)
    first.cancel()
    await asyncio.wait([first])
    media.gate.set()
    assert await read_all(await second) == content(0, SIZE)
    assert media.cancelled == []


async def test_a_viewer_that_does_not_ask_plans_nothing(engine, media):
    stream = await engine.open(REF, 0, SIZE, ME)
    await anext(stream)
    for _ in range(50):
        await asyncio.sleep(0)
    assert sum(limit for _, limit in media.asked) <= 2 * MIB
    await stream.aclose()


async def test_errors_come_before_the_stream(engine, media):
    media.find_errors.append(NotFoundError("no such message"))
    with pytest.raises(NotFoundError):
        await engine.open(REF, 0, 1, ME)
    media.script.append(FloodWaitError(3600))
    with pytest.raises(FloodWaitError):
        await engine.open(REF, 0, 1, ME)
    with pytest.raises(ValueError, match="range"):
        await engine.open(REF, 0, SIZE + 1, ME)
    assert engine.stats().active_streams == 0


async def test_a_chunk_finally_lost_raises_in_the_middle(engine, media):
    stream = await engine.open(REF, 0, SIZE, ME)
    media.script.extend(RequestRejectedError("CHANNEL_PRIVATE") for _ in range(50))
    seen = bytearray()
    with pytest.raises(RequestRejectedError):
        await read_into(seen, stream)
    assert seen == content(0, len(seen))
    assert len(seen) < SIZE
    await stream.aclose()


async def test_read_ahead_that_failed_is_tried_again_when_it_is_needed(engine, media):
    media.script.extend([None, RequestRejectedError("ODD")])
    assert await read_all(await engine.open(REF, 0, SIZE, ME)) == content(0, SIZE)


async def test_random_trouble_never_changes_a_byte(engine, media):
    dice = random.Random(7)
    media.script.extend(ChunkTimeoutError() if dice.random() < 0.1 else None for _ in range(12))
    assert await read_all(await engine.open(REF, 1, SIZE, ME)) == content(1, SIZE - 1)


async def test_paused_viewers_cannot_stop_a_new_one(media, tasks):
    engine = make_engine(media, tasks, cache=8 * GUARANTEE)  # two viewers' guarantees
    paused = await engine.open(REF, 0, SIZE, ME)
    for _ in range(9):
        await anext(paused)
    moving = await engine.open(REF, 4 * MIB, SIZE, ME)
    assert await read_all(moving) == content(4 * MIB, SIZE - 4 * MIB)
    third = await engine.open(REF, 0, 1, ME)
    with pytest.raises(BusyError):
        await engine.open(REF, 0, 1, ME)
    await third.aclose()
    rest = b"".join([bytes(piece) async for piece in paused])
    assert rest == content(SIZE - len(rest), len(rest))
    await engine.close()


async def test_a_closed_engine_opens_nothing(engine):
    stream = await engine.open(REF, 0, SIZE, ME)
    await engine.close()
    with pytest.raises(BusyError):
        await engine.open(REF, 0, 1, ME)
    await stream.aclose()


class Log:
    """Plays that began and bytes that went out."""

    def __init__(self):
        self.plays = []
        self.bytes = []
        self.told = asyncio.Event()

    def begun(self, viewer, ref, info):
        self.plays.append((viewer, ref, info.document_id))

    def served(self, viewer, info, count):
        self.bytes.append(count)
        self.told.set()


async def test_a_play_and_its_bytes_are_told_of(media, tasks):
    log = Log()
    plays = Plays(PlayLimits(), FakeClock(), log)
    engine = Engine(media, FakeClock(), tasks, cache_bytes=64 * MIB, plays=plays)
    await read_all(await engine.open(REF, 0, MIB + 5, ME))
    left = await engine.open(REF, 0, SIZE, ME)
    first = len(await anext(left))
    await left.aclose()
    await left.aclose()
    await read_all(await engine.open(REF, 0, 10, ME))
    assert log.plays == [(ME, REF, 1)]
    assert log.bytes == [MIB + 5, first, 10]
    await engine.close()


async def test_what_goes_out_for_long_is_told_of_before_its_end(media, tasks):
    log = Log()
    plays = Plays(PlayLimits(), FakeClock(), log)
    engine = Engine(media, FakeClock(), tasks, cache_bytes=64 * MIB, plays=plays)
    stream = await engine.open(REF, 0, SIZE, ME)
    first = len(await anext(stream))
    async with asyncio.timeout(60):
        await log.told.wait()
    assert log.bytes == [first]
    await stream.aclose()
    assert log.bytes == [first]
    await engine.close()


async def test_a_play_without_bytes_did_not_begin(media, tasks):
    log = Log()
    plays = Plays(PlayLimits(), FakeClock(), log)
    engine = Engine(media, FakeClock(), tasks, cache_bytes=64 * MIB, plays=plays)
    media.script.extend([RequestRejectedError("FILE_ID_INVALID")] * 3)
    with pytest.raises(RequestRejectedError):
        await engine.open(REF, 0, SIZE, ME)
    assert (log.plays, log.bytes) == ([], [])
    await engine.close()
