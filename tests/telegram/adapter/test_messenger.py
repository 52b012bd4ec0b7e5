"""What the bot says, over real MTProto."""

import asyncio

import pytest
from telethon.tl import types

from telpher.core.model import MessageRef
from telpher.errors import (
    FloodWaitError,
    NotFoundError,
    RecipientLostError,
    TelegramUnavailableError,
)
from telpher.telegram.gateway import Button, ButtonPress, Document, Outgoing
from tests.telegram.adapter.stage import Stage
from tgfake.faults import Fault, Kind
from tgfake.world.files import TINY_JPEG

KEYBOARD = [
    [Button("Play", url="https://example.org/watch"), Button("Copy", copy="https://x.org/1")],
    [Button("Help", data=b"help")],
]


async def test_a_text_with_formatting_and_buttons(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        message = await running.inbox.get()
        html = "<b>Größe</b> &lt;1 😀 <code>a</code>"
        ref = await running.account.bot.send(
            stage.ann.user_id, Outgoing(html, KEYBOARD, reply_to=message.ref.message_id)
        )
        seen = stage.ann.last_message(stage.bot)

    assert seen is not None
    assert seen.text == "Größe <1 😀 a"
    assert [type(each) for each in seen.entities] == [
        types.MessageEntityBold,
        types.MessageEntityCode,
    ]
    play, copy = seen.buttons[0]
    assert (play.text, play.url) == ("Play", "https://example.org/watch")
    assert (copy.text, copy.copy) == ("Copy", "https://x.org/1")
    assert seen.buttons[1][0].data == b"help"
    assert seen.reply_to is not None
    assert ref == MessageRef(stage.ann.user_id, seen.message.id_for(stage.bot.user_id))


async def test_a_press_comes_in_and_is_answered(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "/start")
        await running.inbox.get()
        ref = await running.account.bot.send(stage.ann.user_id, Outgoing("menu", KEYBOARD))
        menu = stage.ann.last_message(stage.bot)
        assert menu is not None
        pressing = asyncio.create_task(stage.ann.press(menu, "Help"))
        press = await running.inbox.get()
        assert isinstance(press, ButtonPress)
        await running.account.bot.edit(press.ref, Outgoing("<i>help</i>"))
        await running.account.bot.edit(
            press.ref, Outgoing("<i>help</i>")
        )  # the same again: no error
        await running.account.bot.answer_press(press.query_id, "done", alert=True)
        answer = await pressing
        await running.account.bot.answer_press(press.query_id)  # too late: no error

    assert (press.ref, press.data, press.sender.first_name) == (ref, b"help", "Ann")
    assert (answer.text, answer.alert) == ("done", True)
    now = stage.ann.refresh(menu)
    assert now is not None
    assert (now.text, now.buttons) == ("help", ())


async def test_a_picture_with_a_caption(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        await running.inbox.get()
        shown = Outgoing("<b>hi</b>", KEYBOARD, picture=TINY_JPEG)
        await running.account.bot.send(stage.ann.user_id, shown)
        seen = stage.ann.last_message(stage.bot)

    assert seen is not None
    assert seen.file is not None
    assert seen.file.is_photo
    assert seen.text == "hi"
    assert seen.buttons[1][0].data == b"help"


async def test_a_picture_is_uploaded_once_and_then_sent_by_reference(stage: Stage) -> None:
    shown = Outgoing("hi", picture=TINY_JPEG)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        for _ in range(2):
            await running.account.bot.send(stage.ann.user_id, shown)
        assert cluster.counters.calls["upload.saveFilePart"] == 1

        stage.world.access.expire_references()
        await running.account.bot.send(stage.ann.user_id, shown)
        assert cluster.counters.calls["upload.saveFilePart"] == 2
        pictures = [seen.file for seen in stage.ann.history(stage.bot) if seen.file]

    assert len(pictures) == 3


async def test_a_picture_is_replaced_and_its_caption_too(stage: Stage) -> None:
    other = TINY_JPEG + b"\0" * 9
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        shown = Outgoing("one", KEYBOARD, picture=TINY_JPEG)
        ref = await running.account.bot.send(stage.ann.user_id, shown)
        first = stage.ann.last_message(stage.bot)
        await running.account.bot.edit(ref, Outgoing("two"))
        second = stage.ann.last_message(stage.bot)
        await running.account.bot.edit(ref, Outgoing("three", picture=other))
        third = stage.ann.last_message(stage.bot)

    assert first is not None
    assert second is not None
    assert third is not None
    assert first.id == second.id == third.id
    assert (second.text, second.file, second.buttons) == ("two", first.file, ())
    assert third.text == "three"
    assert third.file is not None
    assert third.file.source.read(0, 1000) == other


@pytest.mark.parametrize("size", [5, (512 << 10) + 1, (10 << 20) + 1])
async def test_a_document_arrives_whole(stage: Stage, size: int) -> None:
    data = bytes(size - 1) + b"!"
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        told = Outgoing("the list", document=Document("links.txt", data))
        await running.account.bot.send(stage.ann.user_id, told)
        seen = stage.ann.last_message(stage.bot)

    assert seen is not None
    assert seen.file is not None
    assert (seen.text, seen.file.spec.name, seen.file.mime) == (
        "the list",
        "links.txt",
        "text/plain",
    )
    assert seen.file.size == size
    assert seen.file.source.read(size - 1, 1) == b"!"


async def test_one_name_is_one_message_whatever_crashed_in_between(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        await stage.ann.send(stage.bot, "hi")
        refs = []
        for text in ("hello", "hello", "said already"):
            async with stage.connected(cluster) as running:
                named = Outgoing(text, once="answer 1")
                refs.append(await running.account.bot.send(stage.ann.user_id, named))
        async with stage.connected(cluster) as running:
            other = Outgoing("another", once="answer 2")
            refs.append(await running.account.bot.send(stage.ann.user_id, other))
        mine = [seen.text for seen in stage.ann.history(stage.bot) if not seen.out]

    assert mine == ["hello", "another"]
    assert refs[0] == refs[1] == refs[2] != refs[3]


async def test_a_named_picture_is_sent_once_too(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        await stage.ann.send(stage.bot, "hi")
        for _ in range(2):
            async with stage.connected(cluster) as running:
                named = Outgoing("hello", picture=TINY_JPEG, once="banner")
                await running.account.bot.send(stage.ann.user_id, named)

    assert len([seen for seen in stage.ann.history(stage.bot) if seen.file]) == 1


async def test_messages_are_deleted_and_gone_ones_are_no_error(stage: Stage) -> None:
    channel = stage.world.add_channel("Channel", stage.bot, stage.ann.account)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        for chat in (stage.ann.user_id, channel.peer.marked):
            ref = await running.account.bot.send(chat, Outgoing("secret"))
            for _ in range(2):
                await running.account.bot.delete(ref)

    assert stage.ann.history(channel) == []
    assert [seen.text for seen in stage.ann.history(stage.bot)] == ["hi"]


@pytest.mark.parametrize("dc", [2, 4])
async def test_a_picture_is_read_whole_wherever_it_lives(stage: Stage, dc: int) -> None:
    data = TINY_JPEG + bytes(1 << 20) + b"!"
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for kind in ("photo", "document"):
            file = stage.world.add_file(kind=kind, data=data, dc=dc, mime="image/jpeg")
            await stage.ann.send_file(stage.bot, file)
            message = await running.inbox.get()
            read = running.account.bot.read_picture
            assert await asyncio.gather(read(message.ref), read(message.ref)) == [data, data]
        assert running.connections() == {}


@pytest.mark.parametrize("dc", [2, 4])
async def test_a_picture_is_read_though_its_login_is_over(stage: Stage, dc: int) -> None:
    file = stage.world.add_file(kind="photo", data=TINY_JPEG, dc=dc, mime="image/jpeg")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send_file(stage.bot, file)
        ref = (await running.inbox.get()).ref
        assert await running.account.bot.read_picture(ref) == TINY_JPEG
        fault = cluster.faults.add(Fault(Kind.UNREGISTERED, method="upload.getFile", dc=dc))
        assert await running.account.bot.read_picture(ref) == TINY_JPEG
        assert fault.struck == 1


async def test_what_is_no_picture_is_not_read(stage: Stage) -> None:
    large = stage.world.add_file(mime="image/png", size=(10 << 20) + 1)
    film = stage.world.add_file(kind="video", size=1000)
    sent = [await stage.ann.send_file(stage.bot, file) for file in (large, film)]
    sent.append(await stage.ann.send(stage.bot, "none"))
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for seen in sent:
            ref = MessageRef(stage.ann.user_id, seen.message.id_for(stage.bot.user_id))
            with pytest.raises(NotFoundError):
                await running.account.bot.read_picture(ref)


async def test_into_a_forum_topic(stage: Stage) -> None:
    forum = stage.world.add_supergroup("Forum", stage.bot, stage.ann.account, forum=True)
    topic = stage.world.add_topic(forum, "Films", stage.ann.account)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await running.account.bot.send(forum.peer.marked, Outgoing("hello", topic=topic))
        seen = stage.ann.last_message(forum)

    assert seen is not None
    assert (seen.text, seen.topic, seen.reply_to) == ("hello", topic, None)


async def test_into_groups_and_channels(stage: Stage) -> None:
    ann, bot = stage.ann.account, stage.bot
    chats = [
        stage.world.add_group("Group", bot, ann),
        stage.world.add_supergroup("Super", bot, ann, id=8_000_000_000),
        stage.world.add_channel("Channel", bot, ann),
    ]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for chat in chats:
            ref = await running.account.bot.send(chat.peer.marked, Outgoing("hello"))
            seen = stage.ann.last_message(chat)
            assert seen is not None
            assert ref == MessageRef(chat.peer.marked, seen.message.id_for(bot.user_id))


async def test_a_flood_wait_is_waited_out_and_the_message_sent_once(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", seconds=1))
        await running.account.bot.send(stage.ann.user_id, Outgoing("hello"))

        assert cluster.counters.floods == 1
        assert cluster.counters.messages[stage.ann.user_id] == 1


async def test_a_flood_wait_beyond_the_patience_is_told(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", seconds=3600))
        for _ in range(2):
            with pytest.raises(FloodWaitError):
                await running.account.bot.send(stage.ann.user_id, Outgoing("hello"))

        assert cluster.counters.floods == 1


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.TIMEOUT, Kind.INTERNAL])
async def test_after_a_fault_the_message_is_sent_exactly_once(stage: Stage, kind: Kind) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(kind, method="messages.sendMessage"))
        await running.account.bot.send(stage.ann.user_id, Outgoing("hello"))

        assert cluster.counters.faults[kind] == 1
        mine = [seen for seen in stage.ann.history(stage.bot) if not seen.out]
        assert [seen.text for seen in mine] == ["hello"]


async def test_without_a_connection_it_fails_when_patience_is_over(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        account = stage.account(cluster, send_patience=0.01)
    async with stage.running(account):
        with pytest.raises(TelegramUnavailableError):
            await account.bot.send(stage.ann.user_id, Outgoing("hello"))


async def test_refusals_carry_telegrams_name(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        await running.inbox.get()
        await stage.ann.block(stage.bot)
        with pytest.raises(RecipientLostError) as refused:
            await running.account.bot.send(stage.ann.user_id, Outgoing("hello"))

    assert refused.value.name == "USER_IS_BLOCKED"


async def test_commands_are_published_for_each_language(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await running.account.bot.set_commands([("start", "Begin"), ("help", "Help")])
        await running.account.bot.set_commands([("start", "Los")], "de")

    shown = {
        language: [(each.command, each.description) for each in menu]
        for (_, language), menu in stage.bot.commands.items()
    }
    assert shown == {"": [("start", "Begin"), ("help", "Help")], "de": [("start", "Los")]}
