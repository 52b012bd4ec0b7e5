import asyncio
from typing import Any

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.errors import RpcError
from tgfake.world import Chat, Role

SECONDS = 30


def text(stage: Stage, to: Any, words: str = "hello", random_id: int = 1, **fields: Any) -> Any:
    peer = to if isinstance(to, types.TLObject) else stage.peer(to)
    return functions.messages.SendMessageRequest(peer, words, random_id=random_id, **fields)


def keyboard(data: bytes = b"data") -> Any:
    button = types.KeyboardInlineButton("press", types.InlineButtonTypeCallback(data))
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow([button])])


def links() -> Any:
    button = types.KeyboardInlineButton("go", types.InlineButtonTypeUrl("https://example.com/"))
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow([button])])


def by_reference(stage: Stage, file: Any, account: Any = None) -> Any:
    seen = stage.document(file, account)
    if file.is_photo:
        photo = types.InputPhoto(seen.id, seen.access_hash, seen.file_reference)
        return types.InputMediaPhoto(photo)
    named = types.InputDocument(seen.id, seen.access_hash, seen.file_reference)
    return types.InputMediaDocument(named)


def forward(stage: Stage, source: Any, ids: list[int], to: Any, **fields: Any) -> Any:
    random_ids = fields.pop("random_id", [1000 + number for number in ids])
    peer = stage.peer(source)
    target = stage.peer(to)
    return functions.messages.ForwardMessagesRequest(
        peer, ids, target, random_id=random_ids, **fields
    )


# -- texts ------------------------------------------------------------------------------------


async def test_a_text_arrives_and_the_answer_tells_its_id(stage: Stage) -> None:
    await stage.met()
    bold = [types.MessageEntityBold(0, 5)]
    request = text(stage, stage.ann, entities=bold, reply_markup=keyboard(), silent=True)
    answer = await stage.call(request)
    identity, news = answer.updates
    assert (identity.id, identity.random_id) == (2, 1)
    assert (news.message.id, news.message.out, news.message.silent) == (2, True, True)
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert (seen.text, list(seen.entities), seen.buttons[0][0].data) == ("hello", bold, b"data")
    assert stage.site.counters.messages == {stage.ann.user_id: 1}


async def test_the_server_marks_links_and_commands_itself(stage: Stage) -> None:
    await stage.met()
    await stage.call(text(stage, stage.ann, "😀 https://example.com/a /help @stage_bot"))
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert [(type(e).__name__, e.offset, e.length) for e in seen.entities] == [
        ("MessageEntityUrl", 3, 21),
        ("MessageEntityBotCommand", 25, 5),
        ("MessageEntityMention", 31, 10),
    ]


async def test_the_rules_of_texts_and_keyboards_hold(stage: Stage) -> None:
    await stage.met()
    await stage.fails("MESSAGE_TOO_LONG", text(stage, stage.ann, "a" * 4097))
    await stage.fails("MESSAGE_EMPTY", text(stage, stage.ann, ""))
    too_much = keyboard(b"x" * 65)
    await stage.fails("BUTTON_DATA_INVALID", text(stage, stage.ann, reply_markup=too_much))
    assert len(stage.ann.history(stage.bot)) == 1


async def test_to_whom_a_bot_may_write(stage: Stage) -> None:
    await stage.fails("PEER_ID_INVALID", text(stage, stage.ann))
    await stage.met()
    await stage.ann.block(stage.bot)
    await stage.fails("USER_IS_BLOCKED", text(stage, stage.ann))
    await stage.ann.unblock(stage.bot)
    await stage.call(text(stage, stage.ann))
    stage.world.deactivate(stage.ann.account)
    await stage.fails("INPUT_USER_DEACTIVATED", text(stage, stage.ann, random_id=2))
    await stage.fails("USER_IS_BOT", text(stage, stage.other_bot))
    await stage.fails("USER_IS_BOT", text(stage, types.InputPeerSelf()))


@pytest.mark.parametrize(
    "peer",
    [
        types.InputPeerUser(1, 0),
        types.InputPeerChat(1),
        types.InputPeerEmpty(),
        types.InputPeerUser(6_100_000_001, 12345),
    ],
)
async def test_peers_that_do_not_exist_or_have_a_wrong_hash(stage: Stage, peer: Any) -> None:
    await stage.met()
    await stage.fails("PEER_ID_INVALID", text(stage, peer))


async def test_hashes_belong_to_one_account_and_zero_is_for_those_met(stage: Stage) -> None:
    await stage.fails("PEER_ID_INVALID", text(stage, types.InputPeerUser(stage.ann.user_id, 0)))
    await stage.met()
    await stage.call(text(stage, types.InputPeerUser(stage.ann.user_id, 0)))
    await stage.ann.send(stage.other_bot, "/start")
    with pytest.raises(RpcError, match="PEER_ID_INVALID"):
        await stage.call(text(stage, stage.peer(stage.ann)), stage.other_bot)


async def test_where_a_bot_may_write(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot)
    await stage.fails("CHAT_ADMIN_REQUIRED", text(stage, channel))
    stage.world.set_rights(channel, stage.bot, "post_messages")
    await stage.call(text(stage, channel))
    group = stage.world.add_supergroup("G", stage.ann.account, stage.bot, username="the_group")
    group.muted = True
    refused = await stage.fails("CHAT_WRITE_FORBIDDEN", text(stage, group))
    assert refused.code == 403
    stage.world.remove_member(group, stage.bot)
    group.muted = False
    await stage.fails("CHAT_WRITE_FORBIDDEN", text(stage, group))
    stage.world.remove_member(group, stage.bot, ban=True)
    await stage.fails("CHANNEL_PRIVATE", text(stage, group))
    wrong = types.InputPeerChannel(channel.peer.id, 999)
    await stage.fails("CHANNEL_INVALID", text(stage, wrong))
    strange = stage.world.add_channel("unseen", stage.ann.account)
    await stage.fails("CHANNEL_INVALID", text(stage, types.InputPeerChannel(strange.peer.id, 0)))
    basic = stage.world.add_group("basic", stage.ann.account)
    await stage.fails("PEER_ID_INVALID", text(stage, basic))


async def test_channels_above_32_bits_are_counted_by_their_marked_id(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, id=(1 << 33) + 5)
    stage.world.add_member(channel, stage.bot, Role.ADMIN)
    answer = await stage.call(text(stage, channel))
    assert answer.updates[1].message.peer_id.channel_id == (1 << 33) + 5
    assert stage.site.counters.messages == {-(10**12 + (1 << 33) + 5): 1}


# -- random ids -------------------------------------------------------------------------------


async def test_a_repeated_random_id_sends_once(stage: Stage) -> None:
    await stage.met()
    first = await stage.call(text(stage, stage.ann))
    await stage.call(text(stage, stage.ann, random_id=2))
    again = await stage.call(text(stage, stage.ann))
    assert again.updates == first.updates
    assert len(stage.ann.history(stage.bot)) == 3
    assert stage.site.counters.messages[stage.ann.user_id] == 2


async def test_random_ids_are_remembered_per_peer(stage: Stage) -> None:
    await stage.met()
    await stage.bob.send(stage.bot, "/start")
    await stage.call(text(stage, stage.ann))
    await stage.call(text(stage, stage.bob))
    assert stage.site.counters.messages == {stage.ann.user_id: 1, stage.bob.user_id: 1}


async def test_a_repeat_while_the_first_call_runs_is_a_duplicate(stage: Stage) -> None:
    await stage.met()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        with stage.world.sent.hold():
            first = tasks.create_task(stage.call(text(stage, stage.ann)))
            await asyncio.sleep(0)
            duplicate = await stage.fails("RANDOM_ID_DUPLICATE", text(stage, stage.ann))
            assert duplicate.code == 500
        answer = await first
    assert (await stage.call(text(stage, stage.ann))).updates == answer.updates


async def test_what_was_not_sent_frees_its_random_id(stage: Stage) -> None:
    await stage.met()
    await stage.ann.block(stage.bot)
    await stage.fails("USER_IS_BLOCKED", text(stage, stage.ann))
    await stage.ann.unblock(stage.bot)
    with stage.world.sent.hold(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await stage.call(text(stage, stage.ann))
    await stage.call(text(stage, stage.ann))
    assert len(stage.ann.history(stage.bot)) == 2


async def test_a_random_id_is_needed(stage: Stage) -> None:
    await stage.met()
    await stage.fails("RANDOM_ID_EMPTY", text(stage, stage.ann, random_id=0))


async def test_floods(stage: Stage) -> None:
    limited = Stage(limits=True)
    await limited.met()
    for number in range(1, 6):
        await limited.call(text(limited, limited.ann, random_id=number))
    flood = await limited.fails("FLOOD_WAIT_1", text(limited, limited.ann, random_id=6))
    assert flood.code == 420
    await limited.call(text(limited, limited.ann, random_id=1))  # a repeat costs nothing
    limited.clock.advance(1)
    await limited.call(text(limited, limited.ann, random_id=6))


# -- replies and topics -----------------------------------------------------------------------


async def test_a_reply_is_counted_in_each_box(stage: Stage) -> None:
    await stage.ann.send(stage.other_bot, "shifts Ann's ids by one")
    sent = await stage.ann.send(stage.bot, "/start")
    to = types.InputReplyToMessage(1)
    answer = await stage.call(text(stage, stage.ann, reply_to=to))
    assert answer.updates[1].message.reply_to.reply_to_msg_id == 1
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert seen.reply_to == sent.id == 2


async def test_a_reply_to_nothing_is_sent_as_no_reply(stage: Stage) -> None:
    await stage.met()
    request = text(stage, stage.ann, reply_to=types.InputReplyToMessage(99))
    assert (await stage.call(request)).updates[1].message.reply_to is None


async def forum(stage: Stage) -> tuple[Chat, int]:
    chat = stage.world.add_supergroup("F", stage.ann.account, stage.bot, forum=True)
    return chat, stage.world.add_topic(chat, "Films", stage.ann.account)


async def test_a_message_in_a_topic_names_it(stage: Stage) -> None:
    chat, topic = await forum(stage)
    for reply in (
        types.InputReplyToMessage(topic),
        types.InputReplyToMessage(topic, top_msg_id=topic),
    ):
        request = text(stage, chat, random_id=id(reply), reply_to=reply)
        header = (await stage.call(request)).updates[1].message.reply_to
        assert (header.forum_topic, header.reply_to_msg_id) == (True, topic)
        assert header.reply_to_top_id is None


async def test_a_reply_in_a_topic_stays_there(stage: Stage) -> None:
    chat, topic = await forum(stage)
    command = await stage.ann.send(chat, "/stream", topic=topic)
    request = text(stage, chat, reply_to=types.InputReplyToMessage(command.id))
    header = (await stage.call(request)).updates[1].message.reply_to
    assert (header.forum_topic, header.reply_to_msg_id, header.reply_to_top_id) == (
        True,
        command.id,
        topic,
    )


async def test_a_topic_that_is_not_there(stage: Stage) -> None:
    chat, _ = await forum(stage)
    await stage.fails(
        "TOPIC_DELETED", text(stage, chat, reply_to=types.InputReplyToMessage(99, top_msg_id=99))
    )
    general = text(stage, chat, reply_to=types.InputReplyToMessage(1, top_msg_id=1))
    assert (await stage.call(general)).updates[1].message.reply_to is None


# -- media ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["document", "video", "audio", "voice", "video_note", "animation", "photo"]
)
async def test_files_are_sent_by_reference(stage: Stage, kind: str) -> None:
    await stage.met()
    file = stage.world.add_file(kind=kind, name="name", duration=3, thumb=True)
    media = by_reference(stage, file)
    request = functions.messages.SendMediaRequest(stage.peer(stage.ann), media, "see", random_id=1)
    sent = (await stage.call(request)).updates[1].message.media
    found = sent.photo if kind == "photo" else sent.document
    assert found.id == file.id
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert (seen.file, seen.text) == (file, "see")


async def test_media_that_is_refused(stage: Stage) -> None:
    await stage.met()
    file = stage.world.add_file()

    def send(media: Any, caption: str = "") -> Any:
        peer = stage.peer(stage.ann)
        return functions.messages.SendMediaRequest(peer, media, caption, random_id=1)

    good = by_reference(stage, file)
    await stage.fails("MEDIA_CAPTION_TOO_LONG", send(good, "a" * 1025))
    await stage.fails("MEDIA_EMPTY", send(types.InputMediaEmpty()))
    await stage.fails("MEDIA_INVALID", send(types.InputMediaDocumentExternal("https://e.com/")))
    await stage.fails("MEDIA_EMPTY", send(by_reference(stage, file, stage.other_bot)))
    stage.world.expire_references()
    await stage.fails("FILE_REFERENCE_EXPIRED", send(good))


async def test_an_album_is_one_group_with_an_id_for_each(stage: Stage) -> None:
    await stage.met()
    files = [stage.world.add_file(kind="photo") for _ in range(3)]

    def album() -> Any:
        items = [
            types.InputSingleMedia(by_reference(stage, file), "", random_id=10 + number)
            for number, file in enumerate(files)
        ]
        return functions.messages.SendMultiMediaRequest(stage.peer(stage.ann), items)

    answer = await stage.call(album())
    messages = [u.message for u in answer.updates[3:]]
    assert [u.random_id for u in answer.updates[:3]] == [10, 11, 12]
    assert [m.media.photo.id for m in messages] == [file.id for file in files]
    assert len({m.grouped_id for m in messages}) == 1
    assert messages[0].grouped_id
    assert (await stage.call(album())).updates == answer.updates
    empty = functions.messages.SendMultiMediaRequest(stage.peer(stage.ann), [])
    await stage.fails("MULTI_MEDIA_TOO_LONG", empty)


# -- forwards ---------------------------------------------------------------------------------


async def test_a_forward_tells_its_origin(stage: Stage) -> None:
    film = stage.world.add_file(kind="video")
    await stage.ann.send_file(stage.bot, film, "caption")
    store = stage.world.add_channel("BIN", stage.ann.account)
    stage.world.add_member(store, stage.bot, Role.ADMIN)
    answer = await stage.call(forward(stage, stage.ann, [1], store))
    message = answer.updates[1].message
    assert (message.message, message.media.document.id) == ("caption", film.id)
    assert message.fwd_from.from_id == types.PeerUser(stage.ann.user_id)
    seen = await stage.call(
        functions.channels.GetMessagesRequest(stage.channel(store), [types.InputMessageID(1)])
    )
    assert seen.messages[0].fwd_from.from_id == types.PeerUser(stage.ann.user_id)


async def test_origins_of_channels_and_of_those_who_hide(stage: Stage) -> None:
    await stage.met()
    source = stage.world.add_channel("C", stage.ann.account, stage.bot)
    await stage.ann.send(source, "post")
    header = (await stage.call(forward(stage, source, [1], stage.ann))).updates[1].message.fwd_from
    assert (header.from_id, header.channel_post) == (types.PeerChannel(source.peer.id), 1)
    stage.ann.account.hides_forwards = True
    answer = await stage.call(forward(stage, stage.ann, [1], stage.ann, random_id=[5]))
    header = answer.updates[1].message.fwd_from
    assert (header.from_id, header.from_name) == (None, "Ann")


async def test_a_copy_tells_no_origin_and_may_drop_the_caption(stage: Stage) -> None:
    await stage.ann.send_file(stage.bot, stage.world.add_file(), "caption")
    request = forward(stage, stage.ann, [1], stage.ann, drop_author=True, drop_media_captions=True)
    message = (await stage.call(request)).updates[1].message
    assert (message.fwd_from, message.message) == (None, "")


async def test_a_forwarded_album_stays_one(stage: Stage) -> None:
    files = [stage.world.add_file(kind="photo") for _ in range(2)]
    album = await stage.ann.send_album(stage.bot, files)
    answer = await stage.call(forward(stage, stage.ann, [1, 2], stage.ann))
    groups = {u.message.grouped_id for u in answer.updates[2:]}
    assert len(groups) == 1
    assert groups != {album[0].grouped_id, None}


async def test_forwards_keep_link_buttons_only(stage: Stage) -> None:
    await stage.met()
    await stage.call(text(stage, stage.ann, random_id=1, reply_markup=links()))
    await stage.call(text(stage, stage.ann, random_id=2, reply_markup=keyboard()))
    answer = await stage.call(forward(stage, stage.ann, [2, 3], stage.ann))
    first, second = (u.message for u in answer.updates[2:])
    assert bytes(first.reply_markup) == bytes(links())
    assert second.reply_markup is None


async def test_missing_messages_are_passed_over(stage: Stage) -> None:
    await stage.met()
    answer = await stage.call(forward(stage, stage.ann, [1, 50], stage.ann))
    assert [u.random_id for u in answer.updates if hasattr(u, "random_id")] == [1001]
    await stage.fails("MESSAGE_ID_INVALID", forward(stage, stage.ann, [50], stage.ann))
    await stage.fails("MESSAGE_IDS_EMPTY", forward(stage, stage.ann, [], stage.ann))
    odd = forward(stage, stage.ann, [1], stage.ann, random_id=[1, 2])
    await stage.fails("RANDOM_ID_INVALID", odd)
    await stage.fails("LIMIT_INVALID", forward(stage, stage.ann, list(range(1, 102)), stage.ann))


async def test_protected_content_is_not_forwarded_but_sent_by_reference(stage: Stage) -> None:
    await stage.met()
    guarded = stage.world.add_channel("C", stage.ann.account, stage.bot, protected=True)
    film = stage.world.add_file(kind="video")
    await stage.ann.send_file(guarded, film)
    await stage.fails("CHAT_FORWARDS_RESTRICTED", forward(stage, guarded, [1], stage.ann))
    media = by_reference(stage, film)
    request = functions.messages.SendMediaRequest(stage.peer(stage.ann), media, "", random_id=1)
    await stage.call(request)
    await stage.call(text(stage, stage.ann, random_id=5, noforwards=True))
    await stage.fails("CHAT_FORWARDS_RESTRICTED", forward(stage, stage.ann, [3], stage.ann))


# -- edits ------------------------------------------------------------------------------------


def edit(stage: Stage, where: Any, number: int, words: str | None = None, **fields: Any) -> Any:
    peer = stage.peer(where)
    return functions.messages.EditMessageRequest(peer, number, message=words, **fields)


async def test_an_edit_changes_text_and_keyboard(stage: Stage) -> None:
    await stage.met()
    await stage.call(text(stage, stage.ann, reply_markup=keyboard()))
    answer = await stage.call(edit(stage, stage.ann, 2, "new", reply_markup=links()))
    assert isinstance(answer.updates[0], types.UpdateEditMessage)
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert (seen.text, seen.buttons[0][0].url) == ("new", "https://example.com/")
    assert seen.edited is not None
    await stage.call(edit(stage, stage.ann, 2, "newer"))
    assert stage.ann.last_message(stage.bot).buttons == ()


async def test_an_edit_must_change_something(stage: Stage) -> None:
    await stage.met()
    await stage.call(text(stage, stage.ann, reply_markup=keyboard()))
    same = edit(stage, stage.ann, 2, "hello", reply_markup=keyboard())
    await stage.fails("MESSAGE_NOT_MODIFIED", same)
    await stage.fails("MESSAGE_NOT_MODIFIED", edit(stage, stage.ann, 2, reply_markup=keyboard()))
    await stage.call(edit(stage, stage.ann, 2, reply_markup=keyboard(b"other")))


async def test_edits_that_are_refused(stage: Stage) -> None:
    await stage.met()
    await stage.call(text(stage, stage.ann))
    assert (
        await stage.fails("MESSAGE_AUTHOR_REQUIRED", edit(stage, stage.ann, 1, "x"))
    ).code == 403
    await stage.fails("MESSAGE_ID_INVALID", edit(stage, stage.ann, 50, "x"))
    await stage.fails("MESSAGE_TOO_LONG", edit(stage, stage.ann, 2, "x" * 4097))
    await stage.fails("MESSAGE_EMPTY", edit(stage, stage.ann, 2, ""))
    await stage.bob.send(stage.bot, "/start")
    await stage.fails("MESSAGE_ID_INVALID", edit(stage, stage.bob, 2, "in another chat"))


async def test_an_edit_replaces_media_under_the_rules_of_captions(stage: Stage) -> None:
    await stage.met()
    old, new = stage.world.add_file(kind="photo"), stage.world.add_file(kind="photo")
    media = by_reference(stage, old)
    request = functions.messages.SendMediaRequest(stage.peer(stage.ann), media, "a", random_id=1)
    await stage.call(request)
    await stage.call(edit(stage, stage.ann, 2, "b", media=by_reference(stage, new)))
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert (seen.file, seen.text) == (new, "b")
    await stage.fails("MEDIA_CAPTION_TOO_LONG", edit(stage, stage.ann, 2, "x" * 1025))


async def test_an_admin_edits_the_posts_of_a_channel(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bot)
    await stage.ann.send(channel, "post")
    await stage.fails("MESSAGE_AUTHOR_REQUIRED", edit(stage, channel, 1, "x"))
    stage.world.set_rights(channel, stage.bot, "edit_messages")
    answer = await stage.call(edit(stage, channel, 1, "x"))
    assert isinstance(answer.updates[0], types.UpdateEditChannelMessage)
