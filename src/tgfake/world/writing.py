"""Writing a message: who may write where, and the message as it will be filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tgfake.errors import RpcError
from tgfake.world.accounts import Account
from tgfake.world.chats import GENERAL_TOPIC, Chat
from tgfake.world.directory import Directory
from tgfake.world.messages import Body, Message, Origin
from tgfake.world.peers import Kind, Peer


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be sent."""

    body: Body
    reply_to: Message | None = None
    topic: int | None = None
    origin: Origin | None = None
    grouped_id: int | None = None
    silent: bool = False
    protected: bool = False


def check_may_write(directory: Directory, author: Account, peer: Peer) -> None:
    """Raise Telegram's error unless `author` may write to `peer`."""
    if peer.kind is Kind.USER:
        _check_private(author, directory.account(peer.id))
    else:
        _check_chat(author, directory.chats[peer])


def _check_private(author: Account, reader: Account) -> None:
    if reader.deactivated:
        raise RpcError(400, "INPUT_USER_DEACTIVATED")
    if author.is_bot and reader.is_bot:
        raise RpcError(400, "USER_IS_BOT")
    if author.is_bot and reader.user_id not in author.contacts:
        raise RpcError(400, "PEER_ID_INVALID")
    if author.user_id in reader.blocked:
        raise RpcError(400, "USER_IS_BLOCKED")
    if reader.user_id in author.blocked:
        raise RpcError(400, "YOU_BLOCKED_USER")


def _check_chat(author: Account, chat: Chat) -> None:
    who = author.user_id
    if chat.broadcast:
        if not chat.may(who, "post_messages"):
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    elif not chat.has(who) or (chat.muted and not chat.is_admin(who)):
        raise RpcError(403, "CHAT_WRITE_FORBIDDEN")


def topic_of(chat: Chat | None, reply_to: Message | None, named: int | None) -> int | None:
    """The forum topic that a new message falls into, None for General; raises TOPIC_DELETED."""
    if chat is None or not chat.forum:
        return None
    if named is None and reply_to is not None:
        named = reply_to.ids[chat.peer] if _opens_topic(chat, reply_to) else reply_to.topic
    if named is not None and named not in chat.topics:
        raise RpcError(400, "TOPIC_DELETED")
    return None if named == GENERAL_TOPIC else named


def compose(directory: Directory, author: Account, peer: Peer, draft: Draft) -> Message:
    """The message, not yet posted. In a broadcast channel the channel is its sender, and the group
    where an admin stays anonymous."""
    chat = directory.chats.get(peer)
    topic = topic_of(chat, draft.reply_to, draft.topic)
    return Message(
        sender=peer if chat is not None and chat.speaks_for(author.user_id) else author.peer,
        target=peer,
        author=author.user_id,
        date=directory.clock.now(),
        body=draft.body,
        reply_to=None if _opens_topic(chat, draft.reply_to) else draft.reply_to,
        topic=topic,
        origin=draft.origin,
        grouped_id=draft.grouped_id,
        silent=draft.silent,
        protected=draft.protected or (chat is not None and chat.protected),
    )


def _opens_topic(chat: Chat | None, message: Message | None) -> bool:
    """Whether an answer to `message` is no answer, but names the topic it begins."""
    return chat is not None and message is not None and message.ids.get(chat.peer) in chat.topics


def origin_of(directory: Directory, message: Message) -> Origin:
    """What a forward of `message` says about where it came from."""
    if message.origin is not None:
        return message.origin
    if message.sender.kind is Kind.CHANNEL:
        post = message.ids[message.sender]
        return Origin(message.date, message.sender, channel_post=post)
    author = directory.account(message.sender.id)
    if author.hides_forwards:
        return Origin(message.date, None, name=author.first_name)
    return Origin(message.date, author.peer)


def check_may_forward(directory: Directory, messages: Sequence[Message]) -> None:
    """Raise CHAT_FORWARDS_RESTRICTED where one of these is protected."""
    for message in messages:
        chat = directory.chats.get(message.target)
        if message.protected or (chat is not None and chat.protected):
            raise RpcError(400, "CHAT_FORWARDS_RESTRICTED")
