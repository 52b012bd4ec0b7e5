"""From the peers that a request names to peers of the world, with their access hashes checked.

A bot may put 0 for the hash of whomever it has met. What does not fit is refused with Telegram's
own words: PEER_ID_INVALID, USER_ID_INVALID, CHANNEL_INVALID, CHANNEL_PRIVATE.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.world import Account, Chat, Kind, Message, Peer

_SELF = (types.InputPeerSelf, types.InputUserSelf)
_USER = (types.InputPeerUser, types.InputUser)
_CHANNEL = (types.InputPeerChannel, types.InputChannel)


def peer_named(call: Call, named: Any) -> Peer:
    """The peer of an inputPeer."""
    if isinstance(named, types.InputPeerChat):
        return group_named(call, named.chat_id).peer
    if isinstance(named, _CHANNEL):
        return channel_named(call, named).peer
    return user_named(call, named, "PEER_ID_INVALID").peer


def user_named(call: Call, named: Any, error: str = "USER_ID_INVALID") -> Account:
    """The account of an inputUser or inputPeerUser; raises `error` for what it does not name."""
    if isinstance(named, _SELF):
        return call.me
    if not isinstance(named, _USER):
        raise RpcError(400, error)
    account = call.world.directory.accounts.get(named.user_id)
    if account is None or not _proved(call, "user", account.user_id, named.access_hash):
        raise RpcError(400, error)
    return account


def group_named(call: Call, chat_id: int) -> Chat:
    """The basic group with this id, which the account is in."""
    chat = call.world.directory.chats.get(Peer(Kind.GROUP, chat_id))
    if chat is None or not chat.has(call.me.user_id):
        raise RpcError(400, "PEER_ID_INVALID")
    return chat


def channel_named(call: Call, named: Any) -> Chat:
    """The channel of an inputChannel or inputPeerChannel, which the account may look into."""
    number = getattr(named, "channel_id", 0)
    chat = call.world.directory.chats.get(Peer(Kind.CHANNEL, number))
    if chat is None or not _proved(call, "channel", number, named.access_hash):
        raise RpcError(400, "CHANNEL_INVALID")
    who = call.me.user_id
    if chat.banned(who) or not (chat.has(who) or chat.username):
        raise RpcError(400, "CHANNEL_PRIVATE")
    return chat


def _proved(call: Call, kind: str, number: int, access_hash: int) -> bool:
    world, account = call.world, call.me
    if access_hash:
        return access_hash == world.access.hash(kind, number, account.user_id)
    if not account.is_bot:
        return False
    if kind == "user":
        return world.directory.has_met(account, number)
    return number in account.seen


def message_named(call: Call, peer: Peer, number: int) -> Message | None:
    """The message with this id in a conversation, where the account sees it."""
    chat = call.world.directory.chats.get(peer)
    box = chat.box if chat is not None and chat.box is not None else call.me.box
    message = box.messages.get(number)
    if message is None or message.peer_for(call.me.user_id) != peer:
        return None
    return message if call.world.sight.sees(call.me, message) else None
