from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import Chunk
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    NotFoundError,
    ReferenceExpiredError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from telpher.streaming.fetch import Fetcher
from telpher.streaming.locate import Locator
from tests.streaming.fakes import REF, FakeMedia, content

CHUNK = Chunk(65536, 65536)


@pytest.fixture
async def tasks():
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
def media():
    return FakeMedia(100_000)


@pytest.fixture
def fetcher(media, tasks):
    clock = FakeClock()
    return Fetcher(media, Locator(media, clock, tasks, capacity=9, ttl=60), clock)


async def test_the_last_chunk_is_short(fetcher):
    assert await fetcher.fetch(REF, CHUNK, 25) == content(65536, 100_000 - 65536)


@pytest.mark.parametrize(
    "error", [FloodWaitError(0), ChunkTimeoutError("late"), TelegramUnavailableError("reset")]
)
async def test_passing_trouble_is_waited_out(fetcher, media, error):
    media.script.append(error)
    assert await fetcher.fetch(REF, CHUNK, 25) == content(65536, 34464)
    assert media.asked == [(65536, 65536)] * 2


@pytest.fixture
def renewing(media):
    original = media.find_file

    async def find_file(ref):
        media.reference += b"!"
        return await original(ref)

    media.find_file = find_file
    return media


async def test_an_expired_reference_is_refreshed_and_only_this_chunk_repeated(renewing, fetcher):
    renewing.script.append(ReferenceExpiredError())
    assert await fetcher.fetch(REF, CHUNK, 25) == content(65536, 34464)
    assert renewing.finds == 2
    assert renewing.asked == [(65536, 65536)] * 2


async def test_a_reference_that_dies_again_and_again_is_given_up(renewing, tasks):
    clock = FakeClock()
    fetcher = Fetcher(renewing, Locator(renewing, clock, tasks, capacity=9, ttl=60), clock)
    renewing.script.extend(ReferenceExpiredError() for _ in range(9))
    with pytest.raises(ReferenceExpiredError):
        await fetcher.fetch(REF, CHUNK, 25)
    assert renewing.finds == 4


async def test_a_message_that_is_gone_ends_it(fetcher, media):
    media.script.append(ReferenceExpiredError())
    await fetcher._locator.find(REF)
    media.find_errors.append(NotFoundError("deleted"))
    with pytest.raises(NotFoundError):
        await fetcher.fetch(REF, CHUNK, 25)


async def test_what_a_repeat_does_not_change_is_raised(fetcher, media):
    media.script.append(RequestRejectedError("CHANNEL_PRIVATE"))
    with pytest.raises(RequestRejectedError):
        await fetcher.fetch(REF, CHUNK, 25)
    assert len(media.asked) == 1


@pytest.mark.parametrize("delta", [-1, 1])
async def test_an_answer_of_the_wrong_length_is_never_passed_on(fetcher, media, delta):
    honest = media.get_chunk
    wrong = [True]

    async def get_chunk(location, offset, limit):
        data = await honest(location, offset, limit)
        return (data + b"x")[: len(data) + delta] if wrong.pop() else data

    wrong.insert(0, False)
    media.get_chunk = get_chunk
    assert await fetcher.fetch(REF, CHUNK, 25) == content(65536, 34464)
