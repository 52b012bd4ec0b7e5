"""Telegram's messages and updates as values of ours. Pure.

What telpher has no use for becomes None: service messages, the bot's own messages, edits, games.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telethon.tl import types

from telpher.core.model import MessageRef, Person
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.peers import chat_id_of
from telpher.telegram.gateway import ButtonPress, Incoming, IncomingMessage

Entities = Mapping[int, Any]


def incoming(update: Any, entities: Entities, me: int, username: str) -> Incoming | None:
    """What an update means to the bot `username` with id `me`; None when nothing.

    `entities` are the users and chats that came with it, by chat id.
    """
    if isinstance(update, (types.UpdateNewMessage, types.UpdateNewChannelMessage)):
        return _message(update.message, entities, me, username)
    if isinstance(update, (types.UpdateShortMessage, types.UpdateShortChatMessage)):
        return _message(_unfolded(update), entities, me, username)
    if isinstance(update, types.UpdateBotCallbackQuery):
        return _press(update, entities)
    return None


def person(user_id: int, entities: Entities) -> Person:
    """The user as the update shows them; only the id when it does not."""
    user = entities.get(user_id)
    if not isinstance(user, types.User):
        return Person(user_id, "")
    return Person(
        user_id=user_id,
        first_name=user.first_name or "",
        last_name=user.last_name or "",
        username=_username(user),
        language_code=user.lang_code or "",
        is_premium=bool(user.premium),
        is_bot=bool(user.bot),
    )


def command(text: str, username: str) -> tuple[str, str]:
    """(name, arguments) of a text like "/name@bot arguments"; both empty when it is none for us."""
    if not text.startswith("/"):
        return "", ""
    head, *rest = text[1:].split(maxsplit=1)[:2] or [""]
    name, at, bot = head.partition("@")
    if not text[1:2].strip() or (at and bot.casefold() != username.casefold()):
        return "", ""
    return name.lower(), rest[0].strip() if rest else ""


def _message(message: Any, entities: Entities, me: int, username: str) -> IncomingMessage | None:
    if not isinstance(message, types.Message) or message.out:
        return None
    chat_id = chat_id_of(message.peer_id)
    sender = _sender(message, chat_id)
    if chat_id == 0 or sender == me:
        return None
    name, arguments = command(message.message or "", username)
    reply_to, topic = _answered(message)
    file = found_file(message, account=me)
    return IncomingMessage(
        ref=MessageRef(chat_id, int(message.id)),
        sender=person(sender, entities) if sender else None,
        private=chat_id > 0,
        text=message.message or "",
        command=name,
        arguments=arguments,
        file=file.info if file else None,
        album=int(message.grouped_id or 0),
        reply_to=reply_to,
        topic=topic,
        date=int(message.date.timestamp()),
        forwarded=message.fwd_from is not None,
    )


def _sender(message: Any, chat_id: int) -> int:
    """The sending user's id; 0 when a channel or an anonymous admin speaks."""
    sender = chat_id_of(message.from_id) if message.from_id else chat_id
    return max(sender, 0)


def _answered(message: Any) -> tuple[int, int]:
    """(message answered, topic). In a topic, what answers nothing else answers its opening."""
    header = message.reply_to
    if not isinstance(header, types.MessageReplyHeader):
        return 0, 0
    answered, top = int(header.reply_to_msg_id or 0), int(header.reply_to_top_id or 0)
    if not header.forum_topic:
        return answered, 0
    return (answered, top) if top else (0, answered)


def _unfolded(update: Any) -> Any:
    """The short forms, for plain texts, as the message they stand for."""
    private = isinstance(update, types.UpdateShortMessage)
    return types.Message(
        id=update.id,
        peer_id=types.PeerUser(update.user_id) if private else types.PeerChat(update.chat_id),
        from_id=types.PeerUser(update.user_id if private else update.from_id),
        date=update.date,
        message=update.message,
        out=update.out,
        reply_to=update.reply_to,
        fwd_from=update.fwd_from,
    )


def _press(update: Any, entities: Entities) -> ButtonPress | None:
    chat_id = chat_id_of(update.peer)
    if update.data is None or chat_id == 0:
        return None
    return ButtonPress(
        ref=MessageRef(chat_id, int(update.msg_id)),
        sender=person(int(update.user_id), entities),
        query_id=int(update.query_id),
        data=bytes(update.data),
    )


def _username(user: Any) -> str:
    """The first active name: people may have several, then `username` itself is empty."""
    if user.username:
        return str(user.username)
    return next((str(each.username) for each in user.usernames or [] if each.active), "")
