"""Reading a message's file over real MTProto."""

import random

import pytest

from telpher.core.model import Kind, MessageRef
from telpher.errors import FloodWaitError, NotFoundError
from tests.telegram.adapter.stage import Stage
from tgfake.faults import Fault
from tgfake.faults import Kind as FaultKind
from tgfake.world.files import FileSpec


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_kind_of_file_is_found_and_fetched(stage: Stage, kind: Kind) -> None:
    content = random.Random(1).randbytes(100_000)
    name = 'näme "x".bin'
    file = stage.world.add_file(
        FileSpec(kind=kind.value, data=content, name=name, dc=4, duration=90)
    )
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.send_file(stage.bot, file, "caption")
        message = await running.inbox.get()
        found = await running.account.find_file(message.ref)
        data = await running.get_chunk(found.location, 65536, 65536)

    assert found.info.kind is kind
    assert found.info.size == 100_000
    assert found.info.document_id == file.id
    assert found.info.date == int(sent.date)
    assert found.info.name == ("" if kind is Kind.PHOTO else name)
    assert found.location.dc == 4
    assert found.location.account == stage.bot.user_id
    assert data == content[65536:]
    assert message.file == found.info
    assert message.text == "caption"


async def test_a_channel_post_is_found(stage: Stage) -> None:
    channel = stage.world.add_channel("News", stage.ann.account, stage.bot, id=7_000_000_000)
    file = stage.world.add_file(size=1000)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.send_file(channel, file)
        found = await running.account.find_file(MessageRef(-1007000000000, sent.id))

    assert found.info.document_id == file.id


async def test_a_basic_groups_message_is_found(stage: Stage) -> None:
    group = stage.world.add_group("Friends", stage.ann.account, stage.bot)
    file = stage.world.add_file(size=1000)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.reply(await stage.ann.send(group, "/x"), "/stream", file)
        message_id = sent.message.id_for(stage.bot.user_id)
        found = await running.account.find_file(MessageRef(group.peer.marked, message_id))

    assert found.info.document_id == file.id


@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_a_command_leads_to_the_file_that_it_answers(stage: Stage, kind: str) -> None:
    """Privacy mode hides the file's message: the command alone leads there (telegram.md)."""
    add = getattr(stage.world, f"add_{kind}")
    group = add("Friends", stage.ann.account, stage.bot)
    file, other = stage.world.add_file(size=1000), stage.world.add_file(size=1000)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.send_file(group, file)
        command = await stage.ann.reply(sent, "/stream")
        with_file = await stage.ann.reply(sent, "/stream", other)
        talk = await stage.ann.reply(sent, "nice")

        async def found(seen):
            number = seen.message.id_for(stage.bot.user_id)
            read = await running.account.find_file(MessageRef(group.peer.marked, number))
            return read.info.document_id

        assert await found(command) == file.id
        assert await found(with_file) == other.id
        await stage.ann.delete(sent)
        for gone in (sent, command, talk):
            with pytest.raises(NotFoundError):
                await found(gone)
        assert await found(with_file) == other.id


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    hidden = stage.world.add_channel("Hidden", stage.ann.account)
    secret = await stage.ann.send_file(hidden, stage.world.add_file(size=10))
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        text = await stage.ann.send(stage.bot, "no file")
        ann = stage.ann.user_id
        for ref in (
            MessageRef(ann, text.message.id_for(stage.bot.user_id)),
            MessageRef(ann, 999),
            MessageRef(ann, 0),
            MessageRef(ann, -1),
            MessageRef(ann, 1 << 31),
            MessageRef(0, 1),
            MessageRef(1 << 63, 1),
            MessageRef(-(1 << 63), 1),
            MessageRef(hidden.peer.marked, secret.id),
            MessageRef(-1001, 1),
            MessageRef(-1009999999999, 1),
        ):
            with pytest.raises(NotFoundError):
                await running.account.find_file(ref)


async def test_a_deleted_message_is_not_found(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.send_file(stage.bot, stage.world.add_file(size=10))
        message = await running.inbox.get()
        await stage.ann.delete(sent)
        with pytest.raises(NotFoundError):
            await running.account.find_file(message.ref)


async def test_a_message_of_another_private_chat_is_not_shown(stage: Stage) -> None:
    """All private chats of a bot share one counter: the chat id must be checked by us."""
    bob = stage.world.person("Bob")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await bob.send_file(stage.bot, stage.world.add_file(size=10))
        message = await running.inbox.get()
        assert message.ref.chat_id == bob.user_id
        with pytest.raises(NotFoundError):
            await running.account.find_file(MessageRef(stage.ann.user_id, message.ref.message_id))


async def test_a_flood_wait_is_told_at_once(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        fault = Fault(FaultKind.FLOOD_WAIT, method="messages.getMessages", seconds=77)
        cluster.faults.add(fault)
        with pytest.raises(FloodWaitError) as flood:
            await running.account.find_file(MessageRef(stage.ann.user_id, 1))

    assert flood.value.seconds == 77
