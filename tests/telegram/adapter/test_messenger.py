"""What the bot says, over real MTProto."""

import asyncio

import pytest
from telethon.tl import types

from telpher.core.model import MessageRef
from telpher.errors import FloodWaitError, RequestRejectedError, TelegramUnavailableError
from telpher.telegram.gateway import Button, ButtonPress
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
        ref = await running.account.send_text(
            stage.ann.user_id, html, KEYBOARD, reply_to=message.ref.message_id
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
        ref = await running.account.send_text(stage.ann.user_id, "menu", KEYBOARD)
        menu = stage.ann.last_message(stage.bot)
        assert menu is not None
        pressing = asyncio.create_task(stage.ann.press(menu, "Help"))
        press = await running.inbox.get()
        assert isinstance(press, ButtonPress)
        await running.account.edit_text(press.ref, "<i>help</i>")
        await running.account.edit_text(press.ref, "<i>help</i>")  # the same again: no error
        await running.account.answer_press(press.query_id, "done", alert=True)
        answer = await pressing
        await running.account.answer_press(press.query_id)  # too late: no error

    assert (press.ref, press.data, press.sender.first_name) == (ref, b"help", "Ann")
    assert (answer.text, answer.alert) == ("done", True)
    now = stage.ann.refresh(menu)
    assert now is not None
    assert (now.text, now.buttons) == ("help", ())


async def test_a_picture_with_a_caption(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        await running.inbox.get()
        await running.account.send_picture(stage.ann.user_id, TINY_JPEG, "<b>hi</b>", KEYBOARD)
        seen = stage.ann.last_message(stage.bot)

    assert seen is not None
    assert seen.file is not None
    assert seen.file.is_photo
    assert seen.text == "hi"
    assert seen.buttons[1][0].data == b"help"


async def test_into_groups_and_channels(stage: Stage) -> None:
    ann, bot = stage.ann.account, stage.bot
    chats = [
        stage.world.add_group("Group", bot, ann),
        stage.world.add_supergroup("Super", bot, ann, id=8_000_000_000),
        stage.world.add_channel("Channel", bot, ann),
    ]
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for chat in chats:
            ref = await running.account.send_text(chat.peer.marked, "hello")
            seen = stage.ann.last_message(chat)
            assert seen is not None
            assert ref == MessageRef(chat.peer.marked, seen.message.id_for(bot.user_id))


async def test_a_flood_wait_is_waited_out_and_the_message_sent_once(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", seconds=1))
        await running.account.send_text(stage.ann.user_id, "hello")

        assert cluster.counters.floods == 1
        assert cluster.counters.messages[stage.ann.user_id] == 1


async def test_a_flood_wait_beyond_the_patience_is_told(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", seconds=3600))
        for _ in range(2):
            with pytest.raises(FloodWaitError):
                await running.account.send_text(stage.ann.user_id, "hello")

        assert cluster.counters.floods == 1


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.TIMEOUT, Kind.INTERNAL])
async def test_after_a_fault_the_message_is_sent_exactly_once(stage: Stage, kind: Kind) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        cluster.faults.add(Fault(kind, method="messages.sendMessage"))
        await running.account.send_text(stage.ann.user_id, "hello")

        assert cluster.counters.faults[kind] == 1
        mine = [seen for seen in stage.ann.history(stage.bot) if not seen.out]
        assert [seen.text for seen in mine] == ["hello"]


async def test_without_a_connection_it_fails_when_patience_is_over(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        account = stage.account(cluster, send_patience=0.01)
    async with stage.running(account):
        with pytest.raises(TelegramUnavailableError):
            await account.send_text(stage.ann.user_id, "hello")


async def test_refusals_carry_telegrams_name(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await stage.ann.send(stage.bot, "hi")
        await running.inbox.get()
        await stage.ann.block(stage.bot)
        with pytest.raises(RequestRejectedError) as refused:
            await running.account.send_text(stage.ann.user_id, "hello")

    assert refused.value.name == "USER_IS_BLOCKED"


async def test_commands_are_published(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await running.account.set_commands([("start", "Begin"), ("help", "Help")])

        assert cluster.counters.calls["bots.setBotCommands"] == 1
        assert not cluster.counters.errors["BOT_COMMAND_INVALID"]
