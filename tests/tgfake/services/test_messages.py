from typing import Any

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.world import Chat, Role


def get(*ids: Any) -> Any:
    wrapped = [types.InputMessageID(i) if isinstance(i, int) else i for i in ids]
    return functions.messages.GetMessagesRequest(wrapped)


def get_in(stage: Stage, chat: Chat, *ids: Any, account=None) -> Any:
    wrapped = [types.InputMessageID(i) if isinstance(i, int) else i for i in ids]
    return functions.channels.GetMessagesRequest(stage.channel(chat, account), wrapped)


async def test_private_chats_of_a_bot_share_one_counter(stage: Stage) -> None:
    await stage.ann.send(stage.bot, "from Ann")
    await stage.bob.send(stage.bot, "from Bob")
    await stage.bob.send(stage.other_bot, "to another bot")
    answer = await stage.call(get(1, 2, 3))
    assert [getattr(m, "message", None) for m in answer.messages] == ["from Ann", "from Bob", None]
    assert isinstance(answer.messages[2], types.MessageEmpty)
    assert [m.peer_id.user_id for m in answer.messages[:2]] == [
        stage.ann.user_id,
        stage.bob.user_id,
    ]
    assert {user.id for user in answer.users} == {stage.ann.user_id, stage.bob.user_id}


async def test_each_side_of_a_private_chat_counts_for_itself(stage: Stage) -> None:
    await stage.ann.send(stage.other_bot, "first of Ann's messages")
    sent = await stage.ann.send(stage.bot, "second of hers, first of the bot's")
    assert sent.id == 2
    assert (await stage.call(get(1))).messages[0].message == sent.text


async def test_a_channel_counts_alone(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot)
    await stage.met()
    post = await stage.ann.send(channel, "post")
    assert post.id == 1
    answer = await stage.call(get_in(stage, channel, 1, 2))
    assert isinstance(answer, types.messages.ChannelMessages)
    assert [type(m).__name__ for m in answer.messages] == ["Message", "MessageEmpty"]
    message = answer.messages[0]
    assert (message.post, message.from_id, message.views) == (True, None, 1)


async def test_deleted_messages_are_empty(stage: Stage) -> None:
    sent = await stage.ann.send(stage.bot, "text")
    await stage.ann.delete(sent)
    assert isinstance((await stage.call(get(1))).messages[0], types.MessageEmpty)


async def test_privacy_mode_hides_all_but_what_a_command_answers(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot)
    file = stage.world.add_file(kind="video", name="film.mp4")
    hidden = await stage.ann.send_file(group, file)
    other = await stage.ann.send(group, "not for bots")
    command = await stage.ann.reply(hidden, "/stream")
    answer = await stage.call(get_in(stage, group, hidden.id, other.id, command.id))
    assert [type(m).__name__ for m in answer.messages] == [
        "MessageEmpty",
        "MessageEmpty",
        "Message",
    ]
    by_reply = get_in(stage, group, types.InputMessageReplyTo(command.id))
    message = (await stage.call(by_reply)).messages[0]
    assert (message.id, message.media.document.id) == (hidden.id, file.id)
    through_hidden = get_in(stage, group, types.InputMessageReplyTo(other.id))
    assert isinstance((await stage.call(through_hidden)).messages[0], types.MessageEmpty)


async def test_the_same_in_a_basic_group(stage: Stage) -> None:
    group = stage.world.add_group("G", stage.ann.account, stage.bot)
    hidden = await stage.ann.send(group, "hidden")
    await stage.ann.reply(hidden, "/stream")
    answer = await stage.call(get(1, 2, types.InputMessageReplyTo(2)))
    shown = [getattr(m, "message", None) for m in answer.messages]
    assert shown == [None, "/stream", "hidden"]
    assert answer.messages[1].peer_id == types.PeerChat(group.peer.id)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("/stream", True),
        ("/stream@stage_bot", True),
        ("/stream@STAGE_BOT now", True),
        ("/stream@other_bot", False),
        ("see /stream", False),
        ("hello", False),
        ("hello @stage_bot", False),
        ("/", False),
    ],
)
async def test_commands_that_privacy_mode_lets_through(stage: Stage, text: str, seen: bool) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot)
    await stage.ann.send(group, text)
    assert bool(stage.news()) is seen


async def test_a_bare_command_is_for_the_bot_that_spoke_last(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot, stage.other_bot)
    peer = stage.peer(group, stage.other_bot)
    request = functions.messages.SendMessageRequest(peer, "me", random_id=1)
    await stage.call(request, stage.other_bot)
    await stage.ann.send(group, "/stream")
    assert stage.news() == []
    assert len(stage.news(stage.other_bot)) == 1


async def test_replies_to_the_bot_and_service_messages_are_shown(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot)
    request = functions.messages.SendMessageRequest(stage.peer(group), "me", random_id=1)
    await stage.call(request)
    mine = stage.ann.last_message(group)
    assert mine is not None
    await stage.ann.reply(mine, "answer")
    stage.world.add_member(group, stage.bob.account)
    assert [type(message).__name__ for message in stage.news()] == ["Message", "MessageService"]


@pytest.mark.parametrize("way", ["privacy off", "admin"])
async def test_bots_that_see_everything_but_other_bots(stage: Stage, way: str) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot, stage.other_bot)
    if way == "admin":
        stage.world.add_member(group, stage.bot, Role.ADMIN)
    else:
        stage.bot.privacy = False
    await stage.ann.send(group, "hello")
    peer = stage.peer(group, stage.other_bot)
    request = functions.messages.SendMessageRequest(peer, "by a bot", random_id=1)
    await stage.call(request, stage.other_bot)
    assert [message.message for message in stage.news()] == ["hello"]


async def test_the_message_of_a_press(stage: Stage) -> None:
    await stage.met()
    message = next(iter(stage.bot.box.messages.values()))
    with stage.world.callbacks.ask(stage.bot.user_id, stage.ann.user_id, message) as query:
        named = types.InputMessageCallbackQuery(1, query.id)
        assert (await stage.call(get(named))).messages[0].id == 1
        await stage.fails("QUERY_ID_INVALID", get(named), stage.other_bot)


async def test_how_many_may_be_asked_for(stage: Stage) -> None:
    await stage.fails("MESSAGE_IDS_EMPTY", get())
    await stage.fails("LIMIT_INVALID", get(*range(1, 102)))


@pytest.mark.parametrize(
    "request_",
    [
        functions.messages.GetHistoryRequest(types.InputPeerSelf(), 0, None, 0, 1, 0, 0, 0),
        functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 1, 0),
    ],
)
async def test_bots_have_no_history(stage: Stage, request_: Any) -> None:
    await stage.fails("BOT_METHOD_INVALID", request_)


async def test_who_may_look_into_a_channel(stage: Stage) -> None:
    private = stage.world.add_channel("private", stage.ann.account)
    public = stage.world.add_channel("public", stage.ann.account, username="public_films")
    for chat in (private, public):
        await stage.ann.send(chat, "post")
    await stage.fails("CHANNEL_PRIVATE", get_in(stage, private, 1))
    answer = await stage.call(get_in(stage, public, 1))
    assert answer.messages[0].message == "post"
    stage.world.remove_member(public, stage.bot, ban=True)
    await stage.fails("CHANNEL_PRIVATE", get_in(stage, public, 1))


async def test_a_bot_deletes_its_own_and_in_private_any_message(stage: Stage) -> None:
    await stage.met()
    send = functions.messages.SendMessageRequest(stage.peer(stage.ann), "mine", random_id=1)
    await stage.call(send)
    before = stage.bot.box.pts
    gone = await stage.call(functions.messages.DeleteMessagesRequest([1, 2, 99]))
    assert (gone.pts, gone.pts_count) == (before + 2, 2)
    assert stage.ann.history(stage.bot) == []
    nothing = await stage.call(functions.messages.DeleteMessagesRequest([1]))
    assert nothing.pts_count == 0


async def test_deleting_in_groups_and_channels_needs_a_right(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot)
    await stage.ann.send(group, "/command")
    request = functions.channels.DeleteMessagesRequest(stage.channel(group), [1])
    assert (await stage.fails("MESSAGE_DELETE_FORBIDDEN", request)).code == 403
    stage.world.set_rights(group, stage.bot, "delete_messages")
    gone = await stage.call(request)
    assert (gone.pts, gone.pts_count) == (group.channel_box.pts, 1)
    assert (await stage.call(request)).pts_count == 0


async def test_typing_and_reading_are_accepted(stage: Stage) -> None:
    await stage.met()
    peer = stage.peer(stage.ann)
    typing = functions.messages.SetTypingRequest(peer, types.SendMessageTypingAction())
    assert await stage.call(typing) is True
    read = await stage.call(functions.messages.ReadHistoryRequest(peer, 1))
    assert read.pts_count == 0
