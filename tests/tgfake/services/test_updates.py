from typing import Any

from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.services.updates import SLICE
from tgfake.world import Chat
from tgfake.world.box import Box


def difference(pts: int) -> Any:
    return functions.updates.GetDifferenceRequest(pts, None, 0)


def channel_difference(stage: Stage, chat: Chat, pts: int, limit: int = 100) -> Any:
    everything = types.ChannelMessagesFilterEmpty()
    return functions.updates.GetChannelDifferenceRequest(
        stage.channel(chat), everything, pts, limit
    )


async def state(stage: Stage) -> int:
    return (await stage.call(functions.updates.GetStateRequest())).pts


def follow(pts: int, updates: list[Any]) -> int:
    """Apply pushed updates as a client does: without a gap, without a repetition."""
    for update in updates:
        if hasattr(update, "pts_count"):
            assert pts + update.pts_count == update.pts
            pts = update.pts
    return pts


async def test_pushed_updates_leave_no_gap(stage: Stage) -> None:
    start = await state(stage)
    sent = await stage.ann.send(stage.bot, "one")
    await stage.bob.send(stage.bot, "two")
    await stage.ann.edit(sent, "changed")
    group = stage.world.add_group("G", stage.ann.account, stage.bot)
    await stage.ann.send(group, "hidden by privacy mode")
    await stage.ann.send(group, "/shown")
    await stage.ann.delete(sent)
    assert follow(start, stage.updates()) == await state(stage)
    assert [type(u).__name__ for u in stage.updates()] == [
        "UpdateNewMessage",
        "UpdateNewMessage",
        "UpdateEditMessage",
        "UpdateNewMessage",
        "UpdateDeleteMessages",
    ]


async def test_what_a_bot_sends_moves_its_pts_too(stage: Stage) -> None:
    await stage.met()
    before = await state(stage)
    peer = stage.peer(stage.ann)
    answer = await stage.call(functions.messages.SendMessageRequest(peer, "hi", random_id=1))
    assert follow(before, answer.updates) == await state(stage) == before + 1


async def test_no_news_no_difference(stage: Stage) -> None:
    answer = await stage.call(difference(await state(stage)))
    assert isinstance(answer, types.updates.DifferenceEmpty)


async def test_a_bot_that_was_away_catches_up(stage: Stage) -> None:
    start = await state(stage)
    stage.online = False
    first = await stage.ann.send(stage.bot, "one")
    await stage.ann.send(stage.bot, "two")
    await stage.ann.edit(first, "uno")
    third = await stage.ann.send(stage.bot, "three")
    await stage.ann.delete(third)
    answer = await stage.call(difference(start))
    assert isinstance(answer, types.updates.Difference)
    assert [message.message for message in answer.new_messages] == ["uno", "two"]
    kinds = [type(update) for update in answer.other_updates]
    assert kinds == [types.UpdateEditMessage, types.UpdateDeleteMessages]
    assert answer.state.pts == await state(stage)
    assert {user.id for user in answer.users} == {stage.ann.user_id}


async def test_a_long_absence_comes_in_slices(stage: Stage) -> None:
    start = await state(stage)
    for number in range(SLICE + 5):
        await stage.ann.send(stage.bot, f"{number}")
    part = await stage.call(difference(start))
    assert isinstance(part, types.updates.DifferenceSlice)
    rest = await stage.call(difference(part.intermediate_state.pts))
    assert isinstance(rest, types.updates.Difference)
    texts = [m.message for m in [*part.new_messages, *rest.new_messages]]
    assert texts == [f"{number}" for number in range(SLICE + 5)]


async def test_too_long_an_absence_is_told(stage: Stage) -> None:
    stage.bot.box = Box(stage.bot.peer, log_length=3)
    start = await state(stage)
    for _ in range(4):
        await stage.ann.send(stage.bot, "text")
    answer = await stage.call(difference(start))
    assert isinstance(answer, types.updates.DifferenceTooLong)
    assert answer.pts == await state(stage)
    again = await stage.call(difference(start + 1))
    assert len(again.new_messages) == 3


async def test_a_pts_is_needed(stage: Stage) -> None:
    await stage.fails("PERSISTENT_TIMESTAMP_EMPTY", difference(0))


async def test_a_channels_updates_leave_no_gap_under_privacy_mode(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account)
    stage.world.add_member(group, stage.bot)
    start = group.channel_box.pts - 1  # the bot's own arrival is the first it is told
    for text in ("hidden", "/shown", "hidden", "hidden", "/shown"):
        sent = await stage.ann.send(group, text)
    await stage.ann.delete(sent)
    channel = [u for u in stage.updates() if hasattr(u, "pts_count")]
    assert len(channel) == 4
    assert follow(start, channel) == group.channel_box.pts


async def test_a_channels_difference_shows_what_the_bot_may_see(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account)
    stage.world.add_member(group, stage.bot)
    start = group.channel_box.pts
    for text in ("hidden", "/one", "hidden", "/two"):
        sent = await stage.ann.send(group, text)
    await stage.ann.edit(sent, "/deux")
    answer = await stage.call(channel_difference(stage, group, start))
    assert [m.message for m in answer.new_messages] == ["/one", "/deux"]
    assert [type(u) for u in answer.other_updates] == [types.UpdateEditChannelMessage]
    assert (answer.pts, answer.final) == (group.channel_box.pts, True)
    empty = await stage.call(channel_difference(stage, group, answer.pts))
    assert isinstance(empty, types.updates.ChannelDifferenceEmpty)


async def test_after_a_difference_pushes_go_on_without_a_gap(stage: Stage) -> None:
    group = stage.world.add_supergroup("G", stage.ann.account)
    stage.world.add_member(group, stage.bot)
    for text in ("hidden", "hidden"):
        await stage.ann.send(group, text)
    pts = (await stage.call(channel_difference(stage, group, 1))).pts
    stage.pushed.clear()
    await stage.ann.send(group, "/shown")
    assert follow(pts, stage.updates()) == group.channel_box.pts


async def test_a_channels_difference_comes_in_parts(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    stage.world.add_member(channel, stage.bot)
    start = channel.channel_box.pts
    for number in range(3):
        await stage.ann.send(channel, f"{number}")
    part = await stage.call(channel_difference(stage, channel, start, limit=2))
    assert (len(part.new_messages), bool(part.final)) == (2, False)
    rest = await stage.call(channel_difference(stage, channel, part.pts, limit=2))
    assert (len(rest.new_messages), bool(rest.final)) == (1, True)


async def test_too_long_an_absence_from_a_channel(stage: Stage) -> None:
    channel = stage.world.add_channel("C", stage.ann.account)
    channel.box = Box(channel.peer, log_length=2)
    stage.world.add_member(channel, stage.bot)
    for number in range(12):
        await stage.ann.send(channel, f"{number}")
    answer = await stage.call(channel_difference(stage, channel, 1))
    assert isinstance(answer, types.updates.ChannelDifferenceTooLong)
    assert [m.message for m in answer.messages] == [f"{number}" for number in range(2, 12)]
    assert answer.dialog.pts == channel.channel_box.pts


async def test_a_bot_that_was_away_hears_which_channels_have_news(stage: Stage) -> None:
    busy = stage.world.add_channel("busy", stage.ann.account)
    quiet = stage.world.add_supergroup("quiet", stage.ann.account)
    for chat in (busy, quiet):
        stage.world.add_member(chat, stage.bot, announce=False)
    pts = await state(stage)
    stage.online = False
    await stage.ann.send(busy, "news")
    await stage.ann.send(quiet, "nothing for a bot in privacy mode")
    stage.online = True
    answer = await stage.call(difference(pts))
    assert [u.channel_id for u in answer.other_updates] == [busy.peer.id]
    assert [chat.access_hash for chat in answer.chats] == [stage.channel(busy).access_hash]
    await stage.call(channel_difference(stage, busy, 1))
    assert isinstance(await stage.call(difference(pts)), types.updates.DifferenceEmpty)
