import asyncio

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.errors import RpcError
from tgfake.person import Seen
from tgfake.world import FileSpec

SECONDS = 30


async def answer(stage: Stage, text: str, random_id: int = 1, **fields) -> None:
    """The bot writes to Ann."""
    peer = stage.peer(stage.ann)
    request = functions.messages.SendMessageRequest(peer, text, random_id=random_id, **fields)
    await stage.call(request)


async def test_waiting_for_what_is_there_already(stage: Stage) -> None:
    sent = await stage.ann.send(stage.bot, "/start")
    await answer(stage, "welcome")
    assert (await stage.ann.reply_to(sent)).text == "welcome"


async def test_waiting_for_what_is_still_to_come(stage: Stage) -> None:
    sent = await stage.ann.send(stage.bot, "/start")
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        reply = tasks.create_task(stage.ann.reply_to(sent))
        await asyncio.sleep(0)
        await stage.ann.send(stage.bot, "impatient")
        await answer(stage, "welcome")
        assert (await reply).text == "welcome"


async def test_waiting_for_an_edit(stage: Stage) -> None:
    await stage.met()
    await answer(stage, "10 %")
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        done = tasks.create_task(stage.ann.wait_for(lambda m: m.text == "100 %", stage.bot))
        await asyncio.sleep(0)
        peer = stage.peer(stage.ann)
        await stage.call(functions.messages.EditMessageRequest(peer, 2, message="100 %"))
        seen = await done
    assert (seen.id, seen.edited is not None) == (2, True)


async def test_whoever_deletes_the_account_cannot_be_reached(stage: Stage) -> None:
    await stage.met()
    await stage.ann.delete_account()
    peer = stage.peer(stage.ann)
    request = functions.messages.SendMessageRequest(peer, "hello?", random_id=1)
    await stage.fails("INPUT_USER_DEACTIVATED", request)


async def test_a_wait_that_is_given_up_leaves_nothing_behind(stage: Stage) -> None:
    async with asyncio.timeout(SECONDS):
        waiting = asyncio.TaskGroup()
        async with waiting as tasks:
            task = tasks.create_task(stage.ann.wait_for(lambda _: True))
            await asyncio.sleep(0)
            task.cancel()
    assert stage.world.changed.waiting == 0


async def test_what_a_person_sees_of_a_message(stage: Stage) -> None:
    await stage.met()
    natures = [
        types.InlineButtonTypeCallback(b"data"),
        types.InlineButtonTypeUrl("https://example.com/"),
        types.InlineButtonTypeCopy("copied"),
    ]
    buttons = [types.KeyboardInlineButton(f"{n}", nature) for n, nature in enumerate(natures)]
    rows = [types.KeyboardInlineButtonRow(buttons[:2]), types.KeyboardInlineButtonRow(buttons[2:])]
    reply = types.InputReplyToMessage(1)
    await answer(stage, "menu", reply_markup=types.ReplyInlineMarkup(rows), reply_to=reply)
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    assert (seen.chat_id, seen.sender_id, seen.out) == (77, 77, False)
    assert (seen.reply_to, seen.date) == (1, stage.clock.now())
    assert [[b.text for b in row] for row in seen.buttons] == [["0", "1"], ["2"]]
    assert seen.button("0").data == b"data"
    assert seen.button(b"data").text == "0"
    assert (seen.button("1").url, seen.button("2").copy) == ("https://example.com/", "copied")
    with pytest.raises(LookupError):
        await stage.ann.press(seen, "1")


async def test_files_albums_and_replies(stage: Stage) -> None:
    film = await stage.ann.send_file(stage.bot, FileSpec(kind="video", name="a.mp4"), "film")
    reply = await stage.ann.reply(film, "/stream")
    album = await stage.ann.send_album(stage.bot, [FileSpec(kind="photo")] * 2, "holidays")
    assert film.file is not None
    assert (film.file.kind, reply.reply_to) == ("video", film.id)
    assert [photo.text for photo in album] == ["holidays", ""]
    assert album[0].grouped_id == album[1].grouped_id is not None
    shown = [message.message for message in stage.news()]
    assert shown == ["film", "/stream", "holidays", ""]


async def test_forwarding(stage: Stage) -> None:
    films = stage.world.add_channel("Films", stage.bob.account, username="films_of_bob")
    post = await stage.bob.send_file(films, FileSpec(kind="video"))
    (copy,) = await stage.ann.forward(stage.bot, post)
    assert copy.file is post.file
    assert copy.message.origin is not None
    assert copy.message.origin.channel_post == post.id
    films.protected = True
    with pytest.raises(RpcError, match="CHAT_FORWARDS_RESTRICTED"):
        await stage.ann.forward(stage.bot, post)


async def test_editing_and_deleting(stage: Stage) -> None:
    sent = await stage.ann.send(stage.bot, "one")
    edited = await stage.ann.edit(sent, "two")
    assert (edited.id, edited.text, edited.edited) == (sent.id, "two", stage.clock.now())
    assert stage.ann.refresh(sent) == edited
    await stage.ann.delete(sent)
    assert stage.ann.refresh(sent) is None
    assert stage.ann.history(stage.bot) == []


async def test_joining_and_leaving(stage: Stage) -> None:
    public = stage.world.add_channel("P", stage.ann.account, username="a_public_one")
    private = stage.world.add_channel("X", stage.ann.account)
    await stage.bob.join("@a_public_one")
    await stage.bob.join(f"https://t.me/+{private.invite}")
    assert public.has(stage.bob.user_id)
    assert private.has(stage.bob.user_id)
    await stage.bob.leave(private)
    assert not private.has(stage.bob.user_id)


async def test_joining_that_is_refused(stage: Stage) -> None:
    private = stage.world.add_channel("X", stage.ann.account)
    stage.world.remove_member(private, stage.bob.account, ban=True)
    for where, error in (
        (private, "CHANNEL_PRIVATE"),
        ("https://t.me/+unknown", "INVITE_HASH_EXPIRED"),
        (f"https://t.me/+{private.invite}", "USER_BANNED_IN_CHANNEL"),
        ("nobody_here", "USERNAME_NOT_OCCUPIED"),
    ):
        with pytest.raises(RpcError, match=error):
            await stage.bob.join(where)


async def test_chats_may_be_named_in_every_way(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, username="named_channel")
    await stage.ann.send(channel, "post")
    for name in (channel, channel.peer, channel.peer.marked, "named_channel", "@Named_Channel"):
        assert [m.text for m in stage.ann.history(name)] == ["post"]
    assert stage.ann.peer(stage.bot) == stage.ann.peer(77)


async def test_where_a_person_may_not_write(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account, stage.bob.account)
    with pytest.raises(RpcError, match="CHAT_ADMIN_REQUIRED"):
        await stage.bob.send(channel, "spam")
    await stage.ann.block(stage.bot)
    with pytest.raises(RpcError, match="YOU_BLOCKED_USER"):
        await stage.ann.send(stage.bot, "/start")


async def test_a_private_channel_shows_nothing_to_strangers(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    await stage.ann.send(channel, "post")
    assert stage.bob.history(channel) == []


async def test_a_predicate_sees_all_private_chats(stage: Stage) -> None:
    await stage.ann.send(stage.other_bot, "elsewhere")
    await stage.ann.send(stage.bot, "here")

    def here(seen: Seen) -> bool:
        return seen.text == "here"

    assert (await stage.ann.wait_for(here)).id == 2
