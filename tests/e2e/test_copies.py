"""Copies from the link to the extra bot, over real MTProto and a real disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock, SystemClock
from telpher.core.model import MessageRef
from telpher.jobs.copies import CopyDesk, look_into
from telpher.jobs.runner import Runner
from telpher.storage.base import CopyStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.telegram.adapter.copier import Copier
from telpher.telegram.flood import Outbox
from telpher.telegram.gateway import AccountState
from telpher.telegram.timing import Timing
from tests.jobs.fakes import PATIENCE, until
from tests.telegram.adapter.conftest import _forget_keys  # noqa: F401
from tests.telegram.adapter.stage import BOT_ID, QUICK, Stage
from tgfake.world import Account, Role, World
from tgfake.world.chats import Chat
from tgfake.world.files import FileSpec
from tgfake.world.person import Seen

EXTRA = "5000000002:extra"


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(World(), tmp_path)


@pytest.fixture
def channel(stage: Stage) -> Chat:
    return stage.world.add_channel("Copies", stage.ann.account, username="copies_of_all")


def let_in(stage: Stage, channel: Chat, *bots: Account) -> None:
    for bot in bots:
        stage.world.add_member(channel, bot, Role.ADMIN)


def copier(account, timing: Timing = QUICK) -> Copier:
    outbox = Outbox(SystemClock(), timing)
    return Copier(account.call, outbox, account._session, account.find_file)


@dataclass
class Desk:
    """A desk at work."""

    desk: CopyDesk
    store: CopyStore
    slept: list[float]

    async def placed(self, ref: MessageRef) -> MessageRef:
        """Waits for the copy of `ref`."""
        await until(lambda: self.desk._known.get(ref))
        place = await self.desk.place(ref)
        assert place is not None
        return place

    async def done(self) -> None:
        """Waits until nothing is wanted any more."""
        async with asyncio.timeout(PATIENCE):
            while await self.store.wanted(1):  # noqa: ASYNC110  it is the disk that is asked
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[CopyStore]:
    """Where copies are kept, in the database of `folder`."""
    async with SqliteDatabase(folder / "telpher.sqlite3", FakeClock(), PATIENCE) as database:
        yield database.copies


@contextlib.asynccontextmanager
async def desk(account, folder: Path, channel: int | str) -> AsyncIterator[Desk]:
    """A desk of `account`, which keeps no pace; what it waited for is in `slept`."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    async with stored(folder) as store, asyncio.TaskGroup() as tasks:
        made = CopyDesk(store, copier(account), channel, FakeClock(), sleep)
        runner = Runner(tasks, FakeClock(), sleep)
        runner.start("copies", made.run)
        yield Desk(made, store, slept)
        await runner.stop()


def ref_of(seen: Seen) -> MessageRef:
    chat = seen.chat.marked if seen.chat_id < 0 else seen.sender_id
    return MessageRef(chat, seen.message.id_for(BOT_ID))


async def send(stage: Stage, number: int = 1, where: Chat | None = None) -> Seen:
    return await stage.ann.send_file(where or stage.bot, FileSpec(data=b"%d" % number * 1000))


def copies(stage: Stage, channel: Chat) -> list[Seen]:
    return [seen for seen in stage.ann.history(channel) if seen.file]


@pytest.mark.parametrize("by_name", [True, False])
async def test_an_extra_bot_reads_the_copy(
    stage: Stage, channel: Chat, tmp_path: Path, by_name: bool
) -> None:
    extra = stage.world.add_bot(EXTRA, "extra_bot")
    let_in(stage, channel, stage.bot, extra)
    named = channel.username if by_name else channel.peer.marked
    sent = await send(stage)
    async with (
        stage.cluster() as cluster,
        stage.connected(cluster) as running,
        stage.running(stage.account(cluster, EXTRA)) as second,
    ):
        await second.account.reached(AccountState.CONNECTED)
        await look_into(copier(second.account), named, "extra_bot")
        async with desk(running.account, tmp_path, named) as at_work:
            at_work.desk.wanted(ref_of(sent))
            place = await at_work.placed(ref_of(sent))
        found = await second.account.find_file(place)
    assert sent.file is not None
    assert found.info.document_id == sent.file.id


async def test_a_copy_outlives_its_message_and_the_process(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    let_in(stage, channel, stage.bot)
    sent = await send(stage)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        async with desk(running.account, tmp_path, channel.peer.marked) as at_work:
            at_work.desk.wanted(ref_of(sent))
            await at_work.placed(ref_of(sent))
        await stage.ann.delete(sent)
        async with desk(running.account, tmp_path, channel.peer.marked) as again:
            place = await again.desk.place(ref_of(sent))
        assert place is not None
        found = await running.account.find_file(place)
    assert sent.file is not None
    assert found.info.document_id == sent.file.id


async def test_killed_between_copy_and_note_it_makes_no_second_copy(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    let_in(stage, channel, stage.bot)
    sent = [await send(stage, number) for number in range(3)]
    refs = [ref_of(each) for each in sent]
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            async with stored(tmp_path) as store:
                await store.want(refs)
            making = copier(running.account)
            ids = [ref.message_id for ref in refs[:2]]
            places = await making.forward(channel.peer.marked, refs[0].chat_id, ids)
        async with (
            stage.connected(cluster) as running,
            desk(running.account, tmp_path, channel.peer.marked) as at_work,
        ):
            found = [await at_work.placed(ref) for ref in refs]
            assert await at_work.store.wanted(100) == []
    assert found[:2] == places
    assert len(copies(stage, channel)) == 3


async def test_protected_and_deleted_messages_among_others(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    group = stage.world.add_supergroup("Protected", stage.ann.account, stage.bot, protected=True)
    stage.bot.privacy = False
    let_in(stage, channel, stage.bot)
    protected = [await send(stage, number, group) for number in range(2)]
    private = [await send(stage, number) for number in range(3)]
    await stage.ann.delete(private[1])
    await stage.ann.delete(protected[0])
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        async with desk(running.account, tmp_path, channel.peer.marked) as at_work:
            for seen in (*protected, *private):
                at_work.desk.wanted(ref_of(seen))
            kept = [protected[1], private[0], private[2]]
            places = [await at_work.placed(ref_of(seen)) for seen in kept]
            await at_work.done()
            assert await at_work.desk.place(ref_of(private[1])) is None
        files = [(await running.account.find_file(place)).info.document_id for place in places]
    assert files == [seen.file.id for seen in kept if seen.file]
    assert len(copies(stage, channel)) == 3


async def test_the_right_to_post_may_come_later(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    stage.world.add_member(channel, stage.bot)
    sent = await send(stage)
    with capture_logs() as logs:
        async with (
            stage.cluster() as cluster,
            stage.connected(cluster) as running,
            desk(running.account, tmp_path, channel.peer.marked) as at_work,
        ):
            at_work.desk.wanted(ref_of(sent))
            await until(lambda: at_work.slept)
            let_in(stage, channel, stage.bot)
            await at_work.placed(ref_of(sent))
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert "CHAT_ADMIN_REQUIRED" in told["reason"]


async def test_it_keeps_the_pace_that_telegram_allows(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    stage.world.limits.enabled = True
    let_in(stage, channel, stage.bot)
    # As many as a channel takes at once; how the pace goes on from there is core/outflow's to test.
    sent = [await send(stage, number) for number in range(12)]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        async with stored(tmp_path) as store:
            await store.want([ref_of(each) for each in sent])
        async with desk(running.account, tmp_path, channel.peer.marked) as at_work:
            for seen in sent:
                await at_work.placed(ref_of(seen))
        assert cluster.counters.floods == 0
        assert cluster.counters.calls["messages.forwardMessages"] == 1


async def test_a_long_flood_wait_is_slept_through_without_asking_again(
    stage: Stage, channel: Chat, tmp_path: Path
) -> None:
    stage.world.limits.enabled = True
    let_in(stage, channel, stage.bot)
    sent = await send(stage)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        stage.world.limits.check(BOT_ID, channel.peer.marked, 100)  # as if sent a moment ago
        async with desk(running.account, tmp_path, channel.peer.marked) as at_work:
            at_work.desk.wanted(ref_of(sent))
            await until(lambda: len(at_work.slept) >= 3)
            assert min(at_work.slept) > 60
            assert await at_work.store.wanted(1) == [ref_of(sent)]
        assert cluster.counters.floods == 1
