"""updates.*: the state of an account, and what it has missed.

https://core.telegram.org/api/updates
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.services.peers import channel_named
from tgfake.world.box import Box, Change, Event
from tgfake.world.chats import Chat
from tgfake.world.messages import Message
from tgfake.world.peers import Kind, Peer
from tgfake.world.view import moment

# Events in one updates.differenceSlice; the client asks on from where it ended.
SLICE = 100
# Messages that updates.channelDifferenceTooLong shows instead of all that was missed.
_NEWEST = 10
_MOST_CHANNEL = 100_000  # the limit that the documentation gives for bots
_NO_NEWS_FOR = 30  # seconds until a client may ask for a channel's difference again


def _state(call: Call, pts: int) -> Any:
    return types.updates.State(pts, 0, moment(call.world.clock.now()), 1, 0)


async def get_state(call: Call) -> Any:
    """The state from which a client starts."""
    return _state(call, call.me.box.pts)


async def get_difference(call: Call) -> Any:
    """What happened in private chats and basic groups since a pts, and which channels have news."""
    account, pts = call.me, call.request.pts
    if pts < 1:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    events = account.box.since(pts)
    if events is None:
        return types.updates.DifferenceTooLong(account.box.pts)
    stale = _channels_with_news(call)
    if not events and not stale:
        return types.updates.DifferenceEmpty(moment(call.world.clock.now()), 1)
    part = events[:SLICE]
    new, other, about = _told(call, account.box, part)
    other += [types.UpdateChannelTooLong(peer.id) for peer in stale]
    users, chats = call.world.view.people(about, account, stale)
    last = part[-1].pts if part else account.box.pts
    kind = types.updates.Difference if part == events else types.updates.DifferenceSlice
    return kind(new, [], other, chats, users, _state(call, last))


def _channels_with_news(call: Call) -> list[Peer]:
    account = call.me
    return [
        Peer(Kind.CHANNEL, number)
        for number, seen in account.seen.items()
        if seen > account.delivered.get(number, 0)
    ]


def _told(
    call: Call, box: Box, events: Sequence[Event]
) -> tuple[list[Any], list[Any], list[Message]]:
    """(new messages, other updates, the messages these name), as the account may see them."""
    new: list[Any] = []
    other: list[Any] = []
    about: list[Message] = []
    for event in events:
        if event.change is Change.DELETE:
            other.append(_deletion(box, event))
            continue
        message = box.messages.get(event.ids[0])
        if message is None or not call.world.sight.sees(call.me, message):
            continue
        about.append(message)
        shown = call.world.view.message(message, call.me)
        if event.change is Change.NEW:
            new.append(shown)
        else:
            other.append(_edit(box)(shown, event.pts, event.count))
    return new, other, about


def _edit(box: Box) -> Any:
    in_channel = box.owner.kind is Kind.CHANNEL
    return types.UpdateEditChannelMessage if in_channel else types.UpdateEditMessage


def _deletion(box: Box, event: Event) -> Any:
    ids = list(event.ids)
    if box.owner.kind is Kind.CHANNEL:
        return types.UpdateDeleteChannelMessages(box.owner.id, ids, event.pts, event.count)
    return types.UpdateDeleteMessages(ids, event.pts, event.count)


async def get_channel_difference(call: Call) -> Any:
    """What happened in one channel since a pts, as far as the account may see it."""
    chat, request = channel_named(call, call.request.channel), call.request
    if request.pts < 1:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    box = chat.channel_box
    events = box.since(request.pts)
    if events is None:
        _mark_read(call, chat, box.pts)
        return _too_long(call, chat)
    if not events:
        _mark_read(call, chat, box.pts)
        return types.updates.ChannelDifferenceEmpty(box.pts, final=True, timeout=_NO_NEWS_FOR)
    part = events[: max(1, min(request.limit, _MOST_CHANNEL))]
    new, other, about = _told(call, box, part)
    users, chats = call.world.view.people(about, call.me, [chat.peer])
    final, pts = part == events, part[-1].pts
    if final:
        _mark_read(call, chat, pts)
    return types.updates.ChannelDifference(
        pts, new, other, chats, users, final=final, timeout=_NO_NEWS_FOR
    )


def _mark_read(call: Call, chat: Chat, pts: int) -> None:
    call.me.seen[chat.peer.id] = call.me.delivered[chat.peer.id] = pts


def _too_long(call: Call, chat: Chat) -> Any:
    world, box = call.world, chat.channel_box
    seen = [message for message in box.messages.values() if world.sight.sees(call.me, message)]
    newest = seen[-_NEWEST:]
    dialog = types.Dialog(
        chat.peer.tl(), box.last_id, 0, 0, 0, 0, 0, 0, types.PeerNotifySettings(), pts=box.pts
    )
    users, chats = world.view.people(newest, call.me, [chat.peer])
    shown = [world.view.message(message, call.me) for message in newest]
    return types.updates.ChannelDifferenceTooLong(
        dialog, shown, chats, users, final=True, timeout=_NO_NEWS_FOR
    )


HANDLERS = {
    functions.updates.GetStateRequest: get_state,
    functions.updates.GetDifferenceRequest: get_difference,
    functions.updates.GetChannelDifferenceRequest: get_channel_difference,
}
