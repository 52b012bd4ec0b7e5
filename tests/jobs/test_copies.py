"""The desk: what was noted is copied, what was copied is found, and trouble is nobody's."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.errors import FloodWaitError, StorageError, TelegramUnavailableError
from telpher.jobs.copies import MOST_KNOWN, MOST_NOTED, CopyDesk, NoCopyDesk, look_into
from telpher.storage.rest import PAUSE
from tests.jobs.fakes import CHANNEL, CopyingBot, under_way, until

REF, OTHER = MessageRef(7, 1), MessageRef(8, 2)
COPY = MessageRef(CHANNEL, 1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def desk(store, bot, clock, sleeps):
    return CopyDesk(store, bot, CHANNEL, clock, sleeps)


async def test_a_link_that_was_made_gets_its_copy(desk, store, bot):
    assert await desk.place(REF) is None
    desk.wanted(REF)
    async with under_way(desk.run):
        await until(lambda: store.places)
        desk.wanted(OTHER)
        await until(lambda: len(store.places) == 2)
        await until(lambda: not store.queue)
    looks = store.looks
    assert await desk.place(REF) == bot.copies[REF]
    assert await desk.place(OTHER) == bot.copies[OTHER]
    assert store.looks == looks  # known from the moment they were made


async def test_a_copy_of_an_earlier_run_is_found_and_remembered(desk, store):
    store.places[REF] = COPY
    assert [await desk.place(REF) for _ in range(3)] == [COPY] * 3
    assert store.looks == 1


async def test_that_there_is_none_is_remembered_too(desk, store):
    assert [await desk.place(REF) for _ in range(3)] == [None] * 3
    assert store.looks == 1


async def test_a_copy_made_while_the_disk_was_asked_is_not_forgotten(desk, store, bot):
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(desk.place(REF))
        await until(lambda: store.looks)
        desk._learn({REF: COPY})
        assert await asking == COPY


async def test_memory_is_bounded(desk, store):
    for number in range(MOST_KNOWN + 10):
        desk._learn({MessageRef(7, number): COPY})
    assert len(desk._known) == MOST_KNOWN
    assert await desk.place(MessageRef(7, MOST_KNOWN + 9)) == COPY
    assert store.looks == 0


async def test_what_is_wanted_is_saved_while_telegram_asks_for_a_pause(desk, store, bot, sleeps):
    sleeps.ends.clear()
    bot.failures = [FloodWaitError(240)]
    desk.wanted(REF)
    async with under_way(desk.run):
        await until(lambda: sleeps)
        desk.wanted(OTHER)
        await until(lambda: OTHER in store.queue)
        sleeps.ends.set()
        await until(lambda: OTHER in store.places)


async def test_while_the_disk_refuses_what_is_wanted_is_kept_in_mind(desk, store):
    store.trouble = StorageError("disk full")
    desk.wanted(REF)
    with pytest.raises(ExceptionGroup) as caught:
        await desk.run()
    assert caught.group_contains(StorageError)
    store.trouble = None
    async with under_way(desk.run):
        await until(lambda: REF in store.places)


async def test_links_beyond_the_bound_go_without(desk, store, bot):
    with capture_logs() as logs:
        for number in range(MOST_NOTED + 2):
            desk.wanted(MessageRef(7, number))
    assert len(logs) == 2
    async with under_way(desk.run):
        await until(lambda: len(store.places) == MOST_NOTED)


async def test_a_disk_that_refuses_does_not_say_no_and_is_left_alone(desk, store, clock):
    store.trouble = StorageError("disk I/O error")
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(StorageError):
                await desk.place(REF)
        assert store.looks == 1
        store.trouble, store.places[REF] = None, COPY
        clock.advance(PAUSE)
        assert await desk.place(REF) == COPY
    assert [each["log_level"] for each in logs] == ["warning", "info"]


async def test_a_disk_that_does_not_answer_does_not_say_so_either(store, bot, clock, sleeps):
    desk = CopyDesk(store, bot, CHANNEL, clock, sleeps, place_patience=0.01)
    store.stuck = True
    for ref in (REF, OTHER):
        with pytest.raises(StorageError):
            await desk.place(ref)
    assert store.looks == 1


async def test_without_a_channel_nothing_happens():
    desk = NoCopyDesk()
    desk.wanted(REF)
    await desk.run()
    assert await desk.place(REF) is None


async def test_an_extra_bot_that_cannot_see_the_channel_is_named():
    bot = CopyingBot()
    with capture_logs() as logs:
        await look_into(bot, "copies", "bot2")
        await look_into(replace(bot, unseen=True), "copies", "bot3")
    assert bot.resolved == ["copies"] * 2
    (told,) = logs
    assert (told["bot"], told["log_level"]) == ("bot3", "error")
    assert "administrator" in told["remedy"]


async def test_an_extra_bot_without_a_connection_is_for_the_runner():
    class Away(CopyingBot):
        async def resolve(self, channel):
            raise TelegramUnavailableError("not connected")

    with pytest.raises(TelegramUnavailableError):
        await look_into(Away(), CHANNEL, "bot2")
