"""Reading and deleting messages by id. Bots have no other way to read: no history, no search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.services.peers import channel_named, peer_named
from tgfake.world import Account, Chat, Kind, Message
from tgfake.world.box import Box
from tgfake.world.delivery import Cause

_MOST_IDS = 100  # of one request


async def get_messages(call: Call) -> Any:
    """Messages of private chats and basic groups, whatever chat they are in."""
    messages, shown = _look_up(call, call.me.box)
    users, chats = call.world.view.people(messages, call.me)
    return types.messages.Messages(shown, [], chats, users)


async def get_channel_messages(call: Call) -> Any:
    """Messages of one channel."""
    chat = channel_named(call, call.request.channel)
    box = chat.channel_box
    messages, shown = _look_up(call, box)
    users, chats = call.world.view.people(messages, call.me, [chat.peer])
    return types.messages.ChannelMessages(box.pts, len(shown), shown, [], chats, users)


def _look_up(call: Call, box: Box) -> tuple[list[Message], list[Any]]:
    ids = call.request.id
    if not ids:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    if len(ids) > _MOST_IDS:
        raise RpcError(400, "LIMIT_INVALID")
    found = [_find(call, box, named) for named in ids]
    return [message for message, _ in found if message is not None], [tl for _, tl in found]


def _find(call: Call, box: Box, named: Any) -> tuple[Message | None, Any]:
    """One message, and how it is written; messageEmpty where it is missing or hidden."""
    number = named if isinstance(named, int) else getattr(named, "id", 0)
    message = _visible(call, box, number)
    if message is not None and isinstance(named, types.InputMessageReplyTo):
        # What a visible message answers is visible itself: the one way past privacy mode.
        message = message.reply_to
    elif isinstance(named, types.InputMessageCallbackQuery):
        message = call.world.callbacks.find(call.me.user_id, named.query_id).message
    if message is None or message.deleted or not message.id_for(call.me.user_id):
        return None, types.MessageEmpty(number, None)
    return message, call.world.view.message(message, call.me)


def _visible(call: Call, box: Box, number: int) -> Message | None:
    message = box.messages.get(number)
    if message is None or not call.world.sight.sees(call.me, message):
        return None
    return message


async def delete_messages(call: Call) -> Any:
    """Delete in private chats and basic groups; ids that name nothing are passed over."""
    found = _deletable(call, call.me.box)
    step = call.world.delivery.delete(found, Cause(call.me, call.session))
    return types.messages.AffectedMessages(step.pts, step.count)


async def delete_channel_messages(call: Call) -> Any:
    """Delete in one channel."""
    chat = channel_named(call, call.request.channel)
    found = _deletable(call, chat.channel_box)
    if not found:
        return types.messages.AffectedMessages(chat.channel_box.pts, 0)
    step = call.world.delivery.delete(found, Cause(call.me, call.session))
    return types.messages.AffectedMessages(step.pts, step.count)


def _deletable(call: Call, box: Box) -> list[Message]:
    found = [
        box.messages[number] for number in _distinct(call.request.id) if number in box.messages
    ]
    for message in found:
        chat = call.world.directory.chats.get(message.target)
        if not _may_delete(call.me, message, chat):
            raise RpcError(403, "MESSAGE_DELETE_FORBIDDEN")
    return found


def _distinct(ids: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(ids))


def _may_delete(account: Account, message: Message, chat: Chat | None) -> bool:
    if chat is None or message.author == account.user_id:
        return True
    return chat.may(account.user_id, "delete_messages")


async def set_typing(call: Call) -> bool:
    """Show that something is being written; nobody here watches."""
    peer_named(call, call.request.peer)
    return True


async def read_history(call: Call) -> Any:
    """Mark as read; bots need not, clients do."""
    if peer_named(call, call.request.peer).kind is Kind.CHANNEL:
        raise RpcError(400, "PEER_ID_INVALID")
    return types.messages.AffectedMessages(call.me.box.pts, 0)


async def refuse_bots(call: Call) -> Any:
    """What only people may call: history, search, dialogs."""
    raise RpcError(400, "BOT_METHOD_INVALID")


HANDLERS = {
    functions.messages.GetMessagesRequest: get_messages,
    functions.channels.GetMessagesRequest: get_channel_messages,
    functions.messages.DeleteMessagesRequest: delete_messages,
    functions.channels.DeleteMessagesRequest: delete_channel_messages,
    functions.messages.SetTypingRequest: set_typing,
    functions.messages.ReadHistoryRequest: read_history,
    functions.messages.GetHistoryRequest: refuse_bots,
    functions.messages.SearchRequest: refuse_bots,
    functions.messages.GetDialogsRequest: refuse_bots,
}
