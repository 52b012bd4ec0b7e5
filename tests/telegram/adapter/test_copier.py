"""Copies in a channel, over real MTProto: each exactly once."""

from __future__ import annotations

import pytest

from telpher.clock import SystemClock
from telpher.core.model import FoundFile, MessageRef
from telpher.errors import FloodWaitError, NotFoundError, RequestRejectedError
from telpher.telegram.adapter.copier import Copier
from telpher.telegram.flood import Outbox
from tests.telegram.adapter.stage import BOT_ID, QUICK, Stage
from tgfake.faults import Fault, Kind
from tgfake.world.chats import Chat
from tgfake.world.files import FileKind, FileSpec
from tgfake.world.person import Seen


class NoHashes:
    """A bot need not know the access hash of a channel it has met."""

    def access_hash(self, chat_id: int) -> int:
        return 0


def copier(account, hashes=None) -> Copier:
    outbox = Outbox(SystemClock(), QUICK)
    return Copier(account.call, outbox, hashes or NoHashes(), account.find_file)


@pytest.fixture
def channel(stage: Stage) -> Chat:
    return stage.world.add_channel("Copies", stage.bot, stage.ann.account, username="copies_of_all")


def spec(number: int = 1, **fields: object) -> FileSpec:
    return FileSpec(data=b"%d" % number * 100, name=f"{number}.bin", **fields)


def bots_id(seen: Seen) -> int:
    return seen.message.id_for(BOT_ID)


def copies(stage: Stage, channel: Chat) -> list[Seen]:
    return [seen for seen in stage.ann.history(channel) if seen.file]


async def test_several_messages_are_copied_at_once_without_what_was_said(
    stage: Stage, channel: Chat
) -> None:
    sent = [
        await stage.ann.send_file(stage.bot, spec(number), f"caption {number}")
        for number in range(3)
    ]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        places = await copier(running.account).forward(
            channel.peer.marked, stage.ann.user_id, [bots_id(each) for each in sent]
        )
        assert cluster.counters.calls["messages.forwardMessages"] == 1

    found = copies(stage, channel)
    assert [seen.file for seen in found] == [seen.file for seen in sent]
    assert places == [MessageRef(channel.peer.marked, seen.id) for seen in found]
    assert all(not seen.text and seen.message.origin is None for seen in found)
    assert all(seen.message.silent for seen in found)


async def test_an_album_is_copied_item_by_item(stage: Stage, channel: Chat) -> None:
    items = [spec(1, kind=FileKind.VIDEO), spec(2, kind=FileKind.PHOTO)]
    sent = await stage.ann.send_album(stage.bot, items, "both")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        places = await copier(running.account).forward(
            channel.peer.marked, stage.ann.user_id, [bots_id(each) for each in sent]
        )
        assert None not in places
        found = [await running.account.find_file(place) for place in places if place]
    assert [each.info.document_id for each in found] == [each.file.id for each in sent if each.file]


async def test_messages_that_are_gone_are_passed_over(stage: Stage, channel: Chat) -> None:
    sent = [await stage.ann.send_file(stage.bot, spec(number)) for number in range(3)]
    await stage.ann.delete(sent[1])
    to, source = channel.peer.marked, stage.ann.user_id
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        first, second, third = await making.forward(to, source, [bots_id(each) for each in sent])
        assert second is None
        assert [first, third] == [MessageRef(to, seen.id) for seen in copies(stage, channel)]
        assert await making.forward(to, source, [bots_id(sent[1]), 1000]) == [None, None]
        with pytest.raises(NotFoundError):
            await making.send_by_reference(to, MessageRef(source, bots_id(sent[1])))


async def test_asked_again_even_by_another_process_it_names_the_first_copies(
    stage: Stage, channel: Chat
) -> None:
    sent = [await stage.ann.send_file(stage.bot, spec(number)) for number in range(3)]
    to, source, ids = channel.peer.marked, stage.ann.user_id, [bots_id(each) for each in sent]
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            places = await copier(running.account).forward(to, source, ids[:2])
        async with stage.connected(cluster) as running:
            making = copier(running.account)
            again = await making.forward(to, source, ids)
            named = await making.send_by_reference(to, MessageRef(source, ids[0]))
    assert again[:2] == places
    assert named == places[0]
    assert len(copies(stage, channel)) == 3


async def test_of_a_command_in_a_group_the_file_that_it_answers_is_copied(
    stage: Stage, channel: Chat
) -> None:
    group = stage.world.add_supergroup("Group", stage.bot, stage.ann.account)
    sent = await stage.ann.send_file(group, spec(1), "caption")
    command = await stage.ann.reply(sent, "/stream")
    own = await stage.ann.reply(command, "/stream", spec(2))
    to, source = channel.peer.marked, group.peer.marked
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        none, copied = await making.forward(to, source, [bots_id(command), bots_id(own)])
        assert none is None
        assert await making.forward(to, source, [bots_id(command)]) == [None]
        assert cluster.counters.calls["messages.forwardMessages"] == 1
        place = await making.send_by_reference(to, MessageRef(source, bots_id(command)))
    first, second = copies(stage, channel)
    assert [copied, place] == [MessageRef(to, first.id), MessageRef(to, second.id)]
    assert [first.file, second.file] == [own.file, sent.file]


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.TIMEOUT, Kind.INTERNAL])
async def test_after_a_fault_there_is_one_copy(stage: Stage, channel: Chat, kind: Kind) -> None:
    sent = await stage.ann.send_file(stage.bot, spec())
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        cluster.faults.add(Fault(kind, method="messages.forwardMessages"))
        (place,) = await copier(running.account).forward(
            channel.peer.marked, stage.ann.user_id, [bots_id(sent)]
        )
        assert cluster.counters.faults[kind] == 1
    (found,) = copies(stage, channel)
    assert place == MessageRef(channel.peer.marked, found.id)


async def test_a_short_flood_wait_is_waited_out_a_long_one_is_told(
    stage: Stage, channel: Chat
) -> None:
    sent = await stage.ann.send_file(stage.bot, spec())
    order = channel.peer.marked, stage.ann.user_id, [bots_id(sent)]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        for seconds in (1, 3600):
            method = "messages.forwardMessages"
            cluster.faults.add(Fault(Kind.FLOOD_WAIT, method=method, seconds=seconds))
        with pytest.raises(FloodWaitError) as flooded:
            await making.forward(*order)
        assert flooded.value.seconds == 3600
        (place,) = await copier(running.account).forward(*order)
    assert [MessageRef(order[0], seen.id) for seen in copies(stage, channel)] == [place]


@pytest.mark.parametrize("kind", [FileKind.VIDEO, FileKind.PHOTO])
async def test_a_protected_file_is_sent_by_reference(
    stage: Stage, channel: Chat, kind: FileKind
) -> None:
    group = stage.world.add_supergroup("Protected", stage.ann.account, stage.bot, protected=True)
    stage.bot.privacy = False
    sent = await stage.ann.send_file(group, spec(kind=kind), "secret words")
    ref, to = MessageRef(group.peer.marked, bots_id(sent)), channel.peer.marked
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        with pytest.raises(RequestRejectedError) as refused:
            await making.forward(to, ref.chat_id, [ref.message_id])
        assert refused.value.name == "CHAT_FORWARDS_RESTRICTED"
        places = [await making.send_by_reference(to, ref) for _ in range(2)]
    (found,) = copies(stage, channel)
    assert (found.file, found.text) == (sent.file, "")
    assert places == [MessageRef(to, found.id)] * 2


async def test_a_reference_that_expired_on_the_way_is_fetched_again(
    stage: Stage, channel: Chat
) -> None:
    sent = await stage.ann.send_file(stage.bot, spec())
    looks = []
    async with stage.cluster() as cluster, stage.connected(cluster) as running:

        async def find(ref: MessageRef) -> FoundFile:
            found = await running.account.find_file(ref)
            if not looks:
                stage.world.expire_references()
            looks.append(ref)
            return found

        making = Copier(running.account.call, Outbox(SystemClock(), QUICK), NoHashes(), find)
        ref = MessageRef(stage.ann.user_id, bots_id(sent))
        await making.send_by_reference(channel.peer.marked, ref)
        assert cluster.counters.errors["FILE_REFERENCE_EXPIRED"] == 1
    assert looks == [ref, ref]
    assert len(copies(stage, channel)) == 1


async def test_the_channel_by_name_and_by_id(stage: Stage, channel: Chat) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        assert await making.resolve(channel.peer.marked) == channel.peer.marked
        # Told with the name is the access hash, which the account remembers by itself.
        remembering = running.account._session
        by_name = copier(running.account, remembering)
        assert await by_name.resolve("copies_of_all") == channel.peer.marked
        assert remembering.access_hash(channel.peer.marked) != 0


async def test_a_channel_that_cannot_be_seen_is_not_found(stage: Stage) -> None:
    foreign = stage.world.add_channel("Foreign", stage.ann.account)
    group = stage.world.add_group("Group", stage.ann.account, stage.bot)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        for name in (foreign.peer.marked, group.peer.marked, "nobody_has_this", stage.bot.username):
            with pytest.raises(NotFoundError):
                await making.resolve(name)


async def test_without_the_right_to_post_it_is_refused(stage: Stage) -> None:
    channel = stage.world.add_channel("Copies", stage.ann.account, stage.bot)
    sent = await stage.ann.send_file(stage.bot, spec())
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        making = copier(running.account)
        to = await making.resolve(channel.peer.marked)
        with pytest.raises(RequestRejectedError) as refused:
            await making.forward(to, stage.ann.user_id, [bots_id(sent)])
    assert refused.value.name == "CHAT_ADMIN_REQUIRED"
