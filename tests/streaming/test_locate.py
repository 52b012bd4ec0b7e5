from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.streaming.locate import Locator
from tests.streaming.fakes import REF, FakeMedia


@pytest.fixture
async def tasks():
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
def media():
    return FakeMedia(1000)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def locator(media, clock, tasks):
    return Locator(media, clock, tasks, capacity=2, ttl=60)


async def test_known_files_cost_nothing_until_their_time_is_over(locator, media, clock):
    await locator.find(REF)
    clock.advance(59)
    await locator.find(REF)
    assert media.finds == 1
    clock.advance(1)
    await locator.find(REF)
    assert media.finds == 2


async def test_the_least_recently_used_goes_first(locator, media):
    one, two, three = (MessageRef(1, n) for n in (1, 2, 3))
    for ref in (one, two, one, three):
        await locator.find(ref)
    assert (media.finds, len(locator)) == (3, 2)
    await locator.find(one)
    assert media.finds == 3
    await locator.find(two)
    assert media.finds == 4


async def test_an_unknown_message_is_not_remembered(locator, media):
    media.find_errors.append(NotFoundError("gone"))
    with pytest.raises(NotFoundError):
        await locator.find(REF)
    assert (await locator.find(REF)).info.size == 1000


async def test_one_refresh_for_all_readers(locator, media):
    stale = (await locator.find(REF)).location
    media.reference = b"two"
    found = await asyncio.gather(*(locator.refresh(REF, stale) for _ in range(20)))
    assert {each.location.file_reference for each in found} == {b"two"}
    assert media.finds == 2
    await locator.refresh(REF, stale)  # a reader that comes late finds it done
    assert media.finds == 2


async def test_the_same_reference_again_is_given_up(locator):
    stale = (await locator.find(REF)).location
    with pytest.raises(RequestRejectedError):
        await locator.refresh(REF, stale)
