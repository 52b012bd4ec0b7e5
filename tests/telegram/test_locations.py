from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import FileInfo, FoundFile, Kind, Location, MessageRef
from telpher.errors import NotFoundError, RequestRejectedError, TelegramUnavailableError
from telpher.telegram.locations import ABSENT_SECONDS, Locations, Retention

REF = MessageRef(42, 7)


class Media:
    """Knows one file; its reference is the test's to choose."""

    def __init__(self) -> None:
        self.reference = b"one"
        self.finds = 0
        self.find_errors: list[Exception] = []

    async def find_file(self, ref: MessageRef) -> FoundFile:
        self.finds += 1
        await asyncio.sleep(0)
        if self.find_errors:
            raise self.find_errors.pop(0)
        info = FileInfo(1, 1000, "video/mp4", "a.mp4", Kind.VIDEO, 0)
        return FoundFile(info, Location(1, 2, 1, 3, self.reference))


@pytest.fixture
async def tasks():
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
def media():
    return Media()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def locator(media, clock, tasks):
    return Locations(media.find_file, Retention(files=2, seconds=60), clock, tasks)


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


async def test_an_unknown_message_is_remembered_as_such_for_a_moment(locator, media, clock):
    media.find_errors.append(NotFoundError("gone"))
    for _ in range(3):
        with pytest.raises(NotFoundError):
            await locator.find(REF)
    assert media.finds == 1
    clock.advance(ABSENT_SECONDS)
    assert (await locator.find(REF)).info.size == 1000


async def test_no_more_absences_are_remembered_than_files(locator, media):
    refs = [MessageRef(1, n) for n in range(3)]
    media.find_errors += [NotFoundError("gone")] * 3
    for ref in refs:
        with pytest.raises(NotFoundError):
            await locator.find(ref)
    assert (await locator.find(refs[0])).info.size == 1000  # forgotten for the two others
    with pytest.raises(NotFoundError):
        await locator.find(refs[2])


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


async def test_looked_up_beside_nobody_waits_and_nothing_is_asked_twice(locator, media):
    locator.look_up_beside(REF)
    locator.look_up_beside(REF)
    assert locator.recall(REF) is None
    assert (await locator.find(REF)).info.size == 1000
    assert media.finds == 1


async def test_what_goes_wrong_beside_ends_there_and_is_not_tried_at_once(locator, media, clock):
    media.find_errors.append(TelegramUnavailableError("reset"))
    locator.look_up_beside(REF)
    with pytest.raises(TelegramUnavailableError):
        await locator.find(REF)
    locator.look_up_beside(REF)
    assert media.finds == 1
    clock.advance(ABSENT_SECONDS)
    locator.look_up_beside(REF)
    assert (await locator.find(REF)).info.size == 1000


async def test_closing_ends_what_is_looked_up_beside(locator, media):
    locator.look_up_beside(REF)
    await locator.close()
    assert locator.recall(REF) is None
