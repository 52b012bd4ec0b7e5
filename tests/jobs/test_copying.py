"""Batches, what is refused, what is waited for."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from telpher.core.model import MessageRef
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    ReferenceExpiredError,
    RequestRejectedError,
    StorageError,
    TelegramUnavailableError,
)
from telpher.jobs.copying import BATCH, CLOSED_PAUSE, Copying
from tests.jobs.fakes import MemoryStore, under_way, until

ANN, BOB = 7, 8


def refs(*numbers: int, chat: int = ANN) -> list[MessageRef]:
    return [MessageRef(chat, number) for number in numbers]


@pytest.fixture
def learned():
    return {}


@pytest.fixture
def copying(store, bot, sleeps, learned):
    return Copying(store, bot, "copies", learned.update, sleeps)


async def settled(copying: Copying, store: MemoryStore) -> None:
    """Runs until nothing is wanted any more."""
    async with under_way(copying.run) as task:
        await until(lambda: task.done() or not store.queue)
        if task.done():
            task.result()


async def test_the_wanted_messages_of_a_chat_are_forwarded_at_once(copying, store, bot, learned):
    await store.want([*refs(1, 2), *refs(5, chat=BOB), *refs(3)])
    await settled(copying, store)
    assert bot.forwards == [refs(1, 2, 3), refs(5, chat=BOB)]
    assert bot.resolved == ["copies"]
    assert bot.sends == []
    assert store.places == learned == bot.copies
    assert set(bot.copies) == {*refs(1, 2, 3), *refs(5, chat=BOB)}


async def test_no_batch_is_larger_than_telegram_takes(copying, store, bot):
    await store.want(refs(*range(1, 51)))
    await settled(copying, store)
    assert [len(batch) for batch in bot.forwards] == [20, 20, 10]
    assert BATCH <= 100


async def test_the_pace_is_the_outbox_s_alone(copying, store, sleeps):
    await store.want([*refs(1, 2, 3), *refs(1, chat=BOB)])
    await settled(copying, store)
    assert sleeps == []


async def test_it_waits_for_something_new_and_looks_the_channel_up_once(copying, store, bot):
    async with under_way(copying.run):
        await until(lambda: bot.resolved)
        for number in (1, 2):
            await store.want(refs(number))
            copying.wake()
            await until(lambda: not store.queue)
    assert bot.forwards == [refs(1), refs(2)]
    assert bot.resolved == ["copies"]


async def test_what_is_protected_is_sent_by_reference(copying, store, bot):
    bot.protected.update(refs(2))
    await store.want(refs(1, 2, 3))
    await settled(copying, store)
    assert bot.sends == refs(1, 2, 3)
    assert set(bot.copies) == set(refs(1, 2, 3))
    assert store.places == bot.copies


async def test_what_is_gone_is_given_up_and_told(copying, store, bot):
    bot.gone.update(refs(2))
    await store.want(refs(1, 2, 3))
    with capture_logs() as logs:
        await settled(copying, store)
    assert set(store.places) == set(refs(1, 3))
    assert store.given_up == {MessageRef(ANN, 2): "the message is gone"}
    (told,) = [each for each in logs if each["event"].startswith("a file gets no copy")]
    assert (told["chat_id"], told["message_id"]) == (ANN, 2)


async def test_what_cannot_be_sent_by_reference_either_is_given_up(copying, store, bot):
    bot.failing[MessageRef(ANN, 1)] = RequestRejectedError("MEDIA_EMPTY")
    await store.want(refs(1, 2))
    await settled(copying, store)
    assert store.given_up == {MessageRef(ANN, 1): "MEDIA_EMPTY"}
    assert set(store.places) == set(refs(2))


@pytest.mark.parametrize("error", [ChunkTimeoutError("500"), ReferenceExpiredError("again")])
async def test_a_message_that_telegram_stumbles_over_lets_the_others_go_first(
    copying, store, bot, error
):
    bot.failing[MessageRef(ANN, 1)] = ChunkTimeoutError("of the batch")
    await store.want([*refs(1, 2), *refs(3, chat=BOB)])
    bot.failures = [ChunkTimeoutError("of the batch"), error]
    with pytest.raises(type(error)):
        await settled(copying, store)
    assert list(store.queue) == [*refs(2), *refs(3, chat=BOB), *refs(1)]
    bot.failing.clear()
    await settled(copying, store)
    assert len(store.places) == 3


async def test_a_flood_wait_is_waited_for(copying, store, bot, sleeps):
    bot.failures = [FloodWaitError(240)]
    await store.want(refs(1))
    await settled(copying, store)
    assert sleeps[0] == 240
    assert bot.forwards == [refs(1), refs(1)]
    assert bot.sends == []


async def test_without_a_connection_it_fails_and_nothing_is_lost(copying, store, bot):
    bot.failures = [TelegramUnavailableError("not connected")]
    await store.want(refs(1, 2))
    with pytest.raises(TelegramUnavailableError):
        await settled(copying, store)
    assert list(store.queue) == refs(1, 2)


async def test_without_rights_it_says_so_once_and_goes_on_when_it_has_them(
    copying, store, bot, sleeps
):
    bot.closed = "CHAT_ADMIN_REQUIRED"
    await store.want(refs(1, 2))
    with capture_logs() as logs:
        async with under_way(copying.run):
            await until(lambda: len(sleeps) == 3)
            assert list(store.queue) == refs(1, 2)
            bot.closed = ""
            await until(lambda: not store.queue)
            await until(lambda: logs[-1]["event"].endswith("again"))
    assert set(sleeps[:3]) == {CLOSED_PAUSE}
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert "CHAT_ADMIN_REQUIRED" in told["reason"]
    assert "right to post" in told["remedy"]
    assert store.given_up == {}


async def test_a_channel_that_cannot_be_seen_is_told_at_the_start_and_tried_again(
    copying, store, bot, sleeps
):
    bot.unseen = True
    with capture_logs() as logs:
        async with under_way(copying.run):
            await until(lambda: len(sleeps) == 2)
            bot.unseen = False
            bot.closed = "CHAT_WRITE_FORBIDDEN"
            await store.want(refs(1))
            await until(lambda: len(sleeps) == 4)
    first, second = [each for each in logs if each["log_level"] == "error"]
    assert "BIN_CHANNEL's name or id" in first["remedy"]
    assert "CHAT_WRITE_FORBIDDEN" in second["reason"]


async def test_a_place_that_could_not_be_written_down_is_found_again(copying, store, bot, learned):
    await store.want(refs(1))
    keep = store.keep

    async def refuse(places) -> None:
        store.keep = keep
        raise StorageError("disk full")

    store.keep = refuse
    with pytest.raises(StorageError):
        await settled(copying, store)
    assert learned == {}
    await settled(copying, store)
    assert list(bot.copies) == refs(1)
    assert store.places == bot.copies
