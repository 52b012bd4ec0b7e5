"""Groups, channels, their members and messages, over real MTProto."""

import pytest

from telpher.core.model import MessageRef
from telpher.errors import FloodWaitError, NotFoundError
from telpher.telegram.chats import ChatInfo, Membership
from tests.telegram.adapter.stage import BOT_ID, Stage
from tgfake.faults import Fault, Kind
from tgfake.world.chats import Chat, Role
from tgfake.world.person import Seen


def ref(seen: Seen) -> MessageRef:
    return MessageRef(seen.chat_id, seen.message.id_for(BOT_ID))


@pytest.fixture
def channel(stage: Stage) -> Chat:
    """Public; the bot is a member like everybody."""
    owner = stage.world.add_user("Owner")
    return stage.world.add_channel("News", owner, stage.bot, username="The_News", id=8_000_000_000)


async def test_a_public_channel_by_name_in_any_case_and_by_id(stage: Stage, channel: Chat) -> None:
    told = ChatInfo(-1008000000000, "News", "The_News", 2, "https://t.me/The_News")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for named in ("the_news", "The_NEWS", channel.peer.marked):
            assert await running.account.chats.chat(named) == told
        assert cluster.counters.calls["contacts.resolveUsername"] == 1


async def test_a_public_channel_that_the_bot_is_not_in(stage: Stage) -> None:
    foreign = stage.world.add_channel("Foreign", stage.ann.account, username="foreign")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        found = await running.account.chats.chat("foreign")

    assert (found.chat_id, found.sees_members) == (foreign.peer.marked, False)


async def test_a_name_that_went_over_to_another_channel(stage: Stage, channel: Chat) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await running.account.chats.chat("the_news")
        stage.world.rename(channel, None)
        other = stage.world.add_channel("Other", stage.ann.account, username="the_news")
        found = await running.account.chats.chat("the_news")
        stage.world.rename(other, None)
        with pytest.raises(NotFoundError):
            await running.account.chats.chat("the_news")

    assert found.chat_id == other.peer.marked


async def test_a_private_channel_has_an_invite_link_where_the_bot_may_invite(stage: Stage) -> None:
    world, ann = stage.world, stage.ann.account
    channels = [world.add_channel(f"Channel {number}", ann) for number in range(3)]
    world.set_rights(channels[0], stage.bot, "invite_users")
    world.set_rights(channels[1], stage.bot, "post_messages")
    world.add_member(channels[2], stage.bot)
    bob = world.person("Bob")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        asked = [await running.account.chats.chat(each.peer.marked) for each in channels]
        await bob.join(asked[0].invite)
        again = await running.account.chats.chat(channels[0].peer.marked)

    assert [bool(each.invite) for each in asked] == [True, False, False]
    assert [each.sees_members for each in asked] == [True, True, False]
    assert channels[0].has(bob.user_id)
    assert (again.invite, again.members) == (asked[0].invite, 3)


async def test_a_link_is_made_where_the_bot_has_none_yet(stage: Stage) -> None:
    channel = stage.world.add_channel("Channel", stage.ann.account)
    stage.world.set_rights(channel, stage.bot, "invite_users")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        asked = [await running.account.chats.chat(channel.peer.marked) for _ in range(2)]
        assert cluster.counters.calls["messages.exportChatInvite"] == 1

    assert asked[0].invite == asked[1].invite != ""


async def test_groups(stage: Stage) -> None:
    world, ann = stage.world, stage.ann.account
    group = world.add_group("Group", ann, stage.bot)
    hidden = world.add_supergroup("Hidden", ann, stage.bot, members_hidden=True)
    open_ = world.add_supergroup("Open", ann, stage.bot)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        chats = running.account.chats
        asked = [await chats.chat(each.peer.marked) for each in (group, hidden, open_)]

    assert [each.title for each in asked] == ["Group", "Hidden", "Open"]
    assert [each.members for each in asked] == [2, 2, 2]
    assert [each.sees_members for each in asked] == [True, False, True]


async def test_what_is_no_chat_of_the_bots(stage: Stage) -> None:
    private = stage.world.add_channel("Private", stage.ann.account)
    group = stage.world.add_group("Group", stage.ann.account)
    thrown_out = stage.world.add_channel("Out", stage.ann.account, username="thrown_out")
    stage.world.remove_member(thrown_out, stage.bot, ban=True)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for named in (
            private.peer.marked,
            group.peer.marked,
            thrown_out.peer.marked,
            "thrown_out",
            "nobody_has_this",
            "?",
            "telpher_bot",
            stage.ann.user_id,
            0,
            -(1 << 63),
        ):
            with pytest.raises(NotFoundError):
                await running.account.chats.chat(named)


@pytest.mark.parametrize("kind", ["channel", "supergroup", "group"])
async def test_who_is_in_and_who_is_not(stage: Stage, kind: str) -> None:
    world = stage.world
    people = {name: world.person(name) for name in ("Bob", "Carl", "Dora", "Eve")}
    chat = getattr(world, f"add_{kind}")("Chat", stage.ann.account)
    world.add_member(chat, stage.bot, Role.ADMIN)
    for name in ("Bob", "Dora", "Eve"):
        world.add_member(chat, people[name].account)
        await people[name].send(stage.bot, "/start")
    await people["Carl"].send(stage.bot, "/start")
    await people["Dora"].leave(chat)
    world.remove_member(chat, people["Eve"].account, ban=True)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        seen = {
            name: await running.account.chats.membership(chat.peer.marked, person.user_id)
            for name, person in people.items()
        }
        owner = await running.account.chats.membership(chat.peer.marked, stage.ann.user_id)

    outside = dict.fromkeys(("Carl", "Dora", "Eve"), Membership.OUTSIDE)
    assert seen == {"Bob": Membership.MEMBER} | outside
    assert owner in (Membership.MEMBER, Membership.UNKNOWN)  # Ann never spoke to the bot


async def test_where_the_bot_may_not_look_membership_is_unknown(
    stage: Stage, channel: Chat
) -> None:
    world = stage.world
    hidden = world.add_supergroup("Hidden", stage.ann.account, stage.bot, members_hidden=True)
    foreign = world.add_channel("Foreign", stage.ann.account)
    group = world.add_group("Group", stage.ann.account)
    await stage.ann.send(stage.bot, "/start")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for chat in (channel, hidden, foreign, group):
            known = await running.account.chats.membership(chat.peer.marked, stage.ann.user_id)
            assert known is Membership.UNKNOWN
        stranger = await running.account.chats.membership(channel.peer.marked, 1)
        private = await running.account.chats.membership(stage.ann.user_id, stage.ann.user_id)

    assert stranger is private is Membership.UNKNOWN


async def test_a_long_flood_is_told_and_says_nothing_of_membership(
    stage: Stage, channel: Chat
) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        fault = Fault(Kind.FLOOD_WAIT, method="channels.getParticipant", seconds=3600)
        cluster.faults.add(fault)
        with pytest.raises(FloodWaitError):
            await running.account.chats.membership(channel.peer.marked, stage.ann.user_id)


async def test_a_hundred_messages_come_in_one_call(stage: Stage, channel: Chat) -> None:
    stage.world.add_member(channel, stage.ann.account, Role.ADMIN)
    files = [stage.world.add_file(size=10 + number, name=f"{number}") for number in range(98)]
    sent = [await stage.ann.send_file(channel, file, f"no. {file.size}") for file in files]
    sent.append(await stage.ann.send(channel, "a text"))
    gone = await stage.ann.send(channel, "gone")
    await stage.ann.delete(gone, sent[5])
    ids = [each.id for each in reversed([*sent, gone])]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        read = await running.account.chats.read_messages(channel.peer.marked, ids)
        assert cluster.counters.calls["channels.getMessages"] == 1

    assert len(read) == 100
    read.reverse()
    assert read[5] is None
    assert read[99] is None
    assert read[98] is not None
    assert (read[98].file, read[98].text) == (None, "a text")
    for number, found in enumerate(read[:98]):
        if number != 5:
            assert found is not None
            assert found.file is not None
            assert found.ref == MessageRef(channel.peer.marked, sent[number].id)
            assert (found.file.name, found.text) == (f"{number}", f"no. {10 + number}")


async def test_files_beyond_four_gibibytes_keep_their_size(stage: Stage) -> None:
    sent = await stage.ann.send_file(stage.bot, stage.world.add_file(size=(4 << 30) + 5))
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        number = sent.message.id_for(BOT_ID)
        (found,) = await running.account.chats.read_messages(stage.ann.user_id, [number])

    assert found is not None
    assert found.file is not None
    assert found.file.size == (4 << 30) + 5


async def test_albums_and_protected_content_are_known_as_such(stage: Stage) -> None:
    group = stage.world.add_supergroup("Group", stage.ann.account, stage.bot, protected=True)
    stage.bot.privacy = False
    files = [stage.world.add_file(size=1, kind="video") for _ in range(2)]
    album = await stage.ann.send_album(group, files)
    (one,) = await stage.ann.send_album(stage.bot, files[:1])
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        chats = running.account.chats
        read = await chats.read_messages(group.peer.marked, [each.id for each in album])
        (free,) = await chats.read_messages(stage.ann.user_id, [ref(one).message_id])

    first, second = read
    assert first is not None
    assert second is not None
    assert free is not None
    assert first.album == second.album != 0
    assert (first.protected, second.protected, free.protected) == (True, True, False)


async def test_numbers_that_are_no_messages_are_not_asked_for(stage: Stage, channel: Chat) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        chats = running.account.chats
        assert await chats.read_messages(channel.peer.marked, [0, -1, 1 << 31]) == [None] * 3
        assert await chats.read_messages(channel.peer.marked, []) == []
        assert cluster.counters.calls["channels.getMessages"] == 0


async def test_messages_of_a_chat_that_the_bot_cannot_see(stage: Stage) -> None:
    private = stage.world.add_channel("Private", stage.ann.account)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        with pytest.raises(NotFoundError):
            await running.account.chats.read_messages(private.peer.marked, [1])


@pytest.mark.parametrize("privacy", [True, False])
@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_what_a_command_answers_is_read_also_where_it_is_hidden(
    stage: Stage, kind: str, privacy: bool
) -> None:
    stage.bot.privacy = privacy
    group = getattr(stage.world, f"add_{kind}")("Group", stage.ann.account, stage.bot)
    file = stage.world.add_file(size=9, name="film.mkv")
    sent = await stage.ann.send_file(group, file, "the film")
    command = await stage.ann.reply(sent, "/stream")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        found = await running.account.chats.replied_to(ref(command))
        assert found is not None
        assert (await running.account.find_file(found.ref)).info == found.file

    assert found.file is not None
    assert (found.file.name, found.text) == ("film.mkv", "the film")
    assert found.ref == (ref(command) if privacy else ref(sent))


async def test_a_command_that_answers_nothing(stage: Stage) -> None:
    forum = stage.world.add_supergroup("Forum", stage.ann.account, stage.bot, forum=True)
    topic = stage.world.add_topic(forum, "Films", stage.ann.account)
    sent = await stage.ann.send(forum, "soon gone", topic=topic)
    commands = [
        await stage.ann.send(stage.bot, "/stream"),
        await stage.ann.send(forum, "/stream"),
        await stage.ann.send(forum, "/stream", topic=topic),
        await stage.ann.reply(sent, "/stream"),
    ]
    await stage.ann.delete(sent)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for command in commands:
            assert await running.account.chats.replied_to(ref(command)) is None


async def test_in_private_a_command_answers_a_message_of_its_chat(stage: Stage) -> None:
    sent = await stage.ann.send_file(stage.bot, stage.world.add_file(size=9))
    command = await stage.ann.reply(sent, "/stream")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        private = MessageRef(stage.ann.user_id, ref(command).message_id)
        found = await running.account.chats.replied_to(private)

    assert found is not None
    assert found.ref == MessageRef(stage.ann.user_id, sent.message.id_for(BOT_ID))
