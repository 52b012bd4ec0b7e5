from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import Chunk
from telpher.core.demand import Demand
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from telpher.streaming.fetch import Fetcher
from tests.streaming.fakes import REF, FakeMedia, content

CHUNK = Chunk(65536, 65536)


@pytest.fixture
def media():
    return FakeMedia(100_000)


class Store(dict[int, bytes]):
    """A ChunkStore of one document, by offset."""

    async def read(self, document, offset, limit):
        return self.get(offset)

    def write(self, document, offset, data):
        self[offset] = bytes(data)


def fetch(media, chunk=CHUNK, store=None):
    fetcher = Fetcher(media, store, FakeClock())
    return fetcher.fetch(REF, media.info, chunk, Demand(), 25)


async def test_the_last_chunk_is_short(media):
    assert await fetch(media) == content(65536, 100_000 - 65536)


@pytest.mark.parametrize(
    "error", [FloodWaitError(0), ChunkTimeoutError("late"), TelegramUnavailableError("reset")]
)
async def test_passing_trouble_is_waited_out(media, error):
    media.script.append(error)
    assert await fetch(media) == content(65536, 34464)
    assert media.asked == [(65536, 65536)] * 2


async def test_what_a_repeat_does_not_change_is_raised(media):
    media.script.append(RequestRejectedError("CHANNEL_PRIVATE"))
    with pytest.raises(RequestRejectedError):
        await fetch(media)
    assert len(media.asked) == 1


@pytest.mark.parametrize("delta", [-1, 1])
async def test_an_answer_of_the_wrong_length_is_never_passed_on(media, delta):
    honest = media.get_chunk
    wrong = [True]

    async def get_chunk(ref, info, offset, limit, demand):
        data = await honest(ref, info, offset, limit, demand)
        return memoryview(bytes(data) + b"x")[: len(data) + delta] if wrong.pop() else data

    wrong.insert(0, False)
    media.get_chunk = get_chunk
    assert await fetch(media) == content(65536, 34464)


async def test_what_was_fetched_is_kept_and_not_fetched_again(media):
    store = Store()
    for chunk in (Chunk(0, 65536), CHUNK):
        first = await fetch(media, chunk, store)
        assert await fetch(media, chunk, store) == first
    assert media.asked == [(0, 65536), (65536, 65536)]


async def test_what_is_not_kept_whole_is_fetched(media):
    store = Store({65536: b"too short"})
    assert await fetch(media, CHUNK, store) == content(65536, 34464)
