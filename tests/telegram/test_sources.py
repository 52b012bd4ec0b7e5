from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.model import FileInfo, FoundFile, Kind, Location, MessageRef
from telpher.errors import (
    FloodWaitError,
    NotFoundError,
    RequestRejectedError,
    StorageError,
    TelegramUnavailableError,
)
from telpher.telegram.locations import ABSENT_SECONDS, Retention
from telpher.telegram.sources import REFUSED_SECONDS, Sources

MAIN, EXTRA = 1, 2
REF, COPY = MessageRef(42, 7), MessageRef(-100_5, 70)
GONE = MessageRef(42, 8)
INFO = FileInfo(11, 1000, "video/mp4", "a.mp4", Kind.VIDEO, 0)


class Bot:
    """Sees the messages in `sees`; what it finds has its own id and a reference."""

    def __init__(self, user_id: int, *sees: MessageRef) -> None:
        self.user_id = user_id
        self.sees = set(sees)
        self.document = INFO.document_id
        self.trouble: Exception | None = None
        self.asked: list[MessageRef] = []

    async def find_file(self, ref: MessageRef) -> FoundFile:
        self.asked.append(ref)
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble
        if ref not in self.sees:
            raise NotFoundError("no such message")
        info = FileInfo(self.document, 1000, "video/mp4", "a.mp4", Kind.VIDEO, 0)
        reference = b"reference %d" % len(self.asked)
        return FoundFile(info, Location(self.user_id, 4, self.document, 1, reference))


class Copies(dict[MessageRef, MessageRef]):
    trouble: StorageError | None = None

    async def place(self, ref: MessageRef) -> MessageRef | None:
        if self.trouble:
            raise self.trouble
        return self.get(ref)


@pytest.fixture
def main():
    return Bot(MAIN, REF, COPY)


@pytest.fixture
def extra():
    return Bot(EXTRA, COPY)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def sources(main, extra, clock):
    async with asyncio.TaskGroup() as tasks:
        sources = Sources([main, extra], Copies({REF: COPY}), Retention(), clock, tasks)
        yield sources
        await sources.close()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def accounts(found) -> list[int]:
    return [source.location.account for source in found]


async def test_nobody_waits_for_an_extra_bot_which_joins_in_when_it_has_found_the_copy(sources):
    assert accounts(await sources.of(REF, INFO, ())) == [MAIN]
    await settle()
    found = await sources.of(REF, INFO, ())
    assert accounts(found) == [MAIN, EXTRA]
    assert [source.ref for source in found] == [REF, COPY]


async def test_a_file_without_a_copy_is_the_main_bots_alone(sources, main, extra):
    other = MessageRef(42, 8)
    main.sees.add(other)
    for _ in range(2):
        assert accounts(await sources.of(other, INFO, ())) == [MAIN]
        await settle()
    assert extra.asked == []


async def test_a_copy_that_is_another_file_is_not_used(sources, extra):
    extra.document = 12
    for _ in range(2):
        assert accounts(await sources.of(REF, INFO, ())) == [MAIN]
        await settle()


async def test_a_message_that_is_gone_lives_on_in_its_copy(sources, main):
    main.sees.discard(REF)
    assert (await sources.info(REF)).document_id == INFO.document_id
    (found,) = await sources.of(REF, INFO, ())
    assert (found.ref, found.location.account) == (COPY, MAIN)


async def test_without_copy_a_message_that_is_gone_is_gone(sources, main):
    with pytest.raises(NotFoundError):
        await sources.info(MessageRef(1, 1))


async def test_with_the_main_bot_in_trouble_the_extra_one_serves(sources, main):
    await sources.of(REF, INFO, ())
    await settle()
    main.trouble = TelegramUnavailableError("down")
    main.asked.clear()
    assert accounts(await sources.of(REF, INFO, {MAIN})) == [EXTRA]
    other = MessageRef(42, 9)
    with pytest.raises(TelegramUnavailableError):
        await sources.of(other, INFO, ())


async def test_without_anybody_it_says_so(sources):
    with pytest.raises(TelegramUnavailableError):
        await sources.of(REF, INFO, {MAIN, EXTRA})


REFUSAL = RequestRejectedError("CHANNEL_PRIVATE")


async def test_what_is_refused_to_a_bot_is_not_asked_of_it_for_a_while(sources, clock):
    await sources.of(REF, INFO, ())
    await settle()
    main, extra = await sources.of(REF, INFO, ())
    sources.rest(extra, REFUSAL)
    assert accounts(await sources.of(REF, INFO, ())) == [MAIN]
    clock.advance(REFUSED_SECONDS)
    sources.rest(main, REFUSAL)
    assert accounts(await sources.of(REF, INFO, ())) == [EXTRA]
    sources.rest(extra, FloodWaitError(30))
    assert accounts(await sources.of(REF, INFO, ())) == [MAIN]  # better than none
    clock.advance(30)
    assert accounts(await sources.of(REF, INFO, ())) == [EXTRA]


async def test_passing_trouble_keeps_no_bot_from_a_file(sources):
    await sources.of(REF, INFO, ())
    await settle()
    main, extra = await sources.of(REF, INFO, ())
    for source in (main, extra):
        sources.rest(source, TelegramUnavailableError("reset"))
    assert accounts(await sources.of(REF, INFO, ())) == [MAIN, EXTRA]


async def test_a_copy_that_is_not_there_is_looked_for_once_a_minute(sources, extra, clock):
    extra.sees.clear()
    for _ in range(3):
        assert accounts(await sources.of(REF, INFO, ())) == [MAIN]
        await settle()
    assert extra.asked == [COPY]
    extra.sees.add(COPY)
    clock.advance(ABSENT_SECONDS)
    await sources.of(REF, INFO, ())
    await settle()
    assert accounts(await sources.of(REF, INFO, ())) == [MAIN, EXTRA]


async def test_a_message_that_is_gone_is_not_asked_for_with_each_chunk(sources, main):
    main.sees.discard(REF)
    for _ in range(3):
        assert (await sources.of(REF, INFO, ()))[0].ref == COPY
    assert main.asked == [REF, COPY]


async def test_a_refused_reference_is_refreshed_for_the_account_it_belongs_to(sources, main, extra):
    await sources.of(REF, INFO, ())
    await settle()
    first_main, first_extra = await sources.of(REF, INFO, ())
    await sources.refresh(first_extra)
    second_main, second_extra = await sources.of(REF, INFO, ())
    assert second_main == first_main
    assert second_extra.location.file_reference != first_extra.location.file_reference
    assert extra.asked == [COPY, COPY]


async def test_a_reference_that_does_not_change_is_given_up(sources, main):
    (source,) = await sources.of(REF, INFO, ())
    main.asked.clear()  # the next answer has the first one's number again
    with pytest.raises(RequestRejectedError):
        await sources.refresh(source)


async def test_a_message_that_is_gone_when_it_is_refreshed_gives_way_to_its_copy(sources, main):
    (source,) = await sources.of(REF, INFO, ())
    main.sees.discard(REF)
    await sources.refresh(source)
    assert (await sources.of(REF, INFO, ()))[0].ref == COPY


async def test_while_nobody_can_tell_of_copies_only_what_needs_one_fails(main, extra, clock):
    copies = Copies({REF: COPY})
    copies.trouble = StorageError("away")
    async with asyncio.TaskGroup() as tasks:
        sources = Sources([main, extra], copies, Retention(), clock, tasks)
        assert await sources.info(REF) == INFO
        assert accounts(await sources.of(REF, INFO, ())) == [MAIN]
        with pytest.raises(StorageError):
            await sources.info(GONE)
        copies.trouble = None
        clock.advance(ABSENT_SECONDS)
        with pytest.raises(NotFoundError):
            await sources.info(GONE)
        await sources.close()


async def test_another_file_in_the_message_is_not_read_as_the_first_one(main, clock):
    async with asyncio.TaskGroup() as tasks:
        sources = Sources([main], Copies(), Retention(), clock, tasks)
        main.document = 12
        with pytest.raises(NotFoundError):
            await sources.of(REF, INFO, ())
        other = await sources.info(REF)
        assert other.document_id == 12
        assert accounts(await sources.of(REF, other, ())) == [MAIN]
        await sources.close()


class Edited(Bot):
    """Its copy still holds the first file."""

    async def find_file(self, ref: MessageRef) -> FoundFile:
        self.document = 11 if ref == COPY else 12
        return await super().find_file(ref)


async def test_the_copy_goes_on_with_the_first_file(extra, clock):
    main = Edited(MAIN, REF, COPY)
    async with asyncio.TaskGroup() as tasks:
        sources = Sources([main, extra], Copies({REF: COPY}), Retention(), clock, tasks)
        assert [each.ref for each in await sources.of(REF, INFO, ())] == [COPY]
        await settle()
        assert [each.ref for each in await sources.of(REF, INFO, ())] == [COPY, COPY]
        await sources.close()
