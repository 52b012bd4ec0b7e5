"""Texts and keyboards of ours as Telegram takes them, and what it says of a sent message. Pure."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Any

from telethon.extensions import html as html_parser
from telethon.tl import types

from telpher.core.model import MessageRef
from telpher.telegram.gateway import Button, Keyboard

_RANDOM_BITS = 63


def parsed(html: str) -> tuple[str, list[Any]]:
    """(plain text, entities) of a text in the Bot API's HTML."""
    text, entities = html_parser.parse(html)
    return text, list(entities)


def markup(keyboard: Keyboard) -> Any | None:
    """The inline keyboard, or None when there are no buttons."""
    rows = [
        types.KeyboardInlineButtonRow([_button(button) for button in row])
        for row in keyboard
        if row
    ]
    return types.ReplyInlineMarkup(rows) if rows else None


def reply_header(reply_to: int, topic: int) -> Any | None:
    """What a message answers, and in which topic; None for neither. A topic is named by answering
    the message that opened it."""
    if not (reply_to or topic):
        return None
    return types.InputReplyToMessage(reply_to or topic, top_msg_id=topic or None)


def random_id() -> int:
    """A number that makes one message unmistakable, however often it is sent again."""
    return secrets.randbits(_RANDOM_BITS) + 1


def once_id(to: int, name: str) -> int:
    """The random id of the message called `name` in chat `to`: always the same.

    The key keeps these apart from the copies' ids.
    """
    return _number(blake2b(f"{to} {name}".encode(), digest_size=8, key=b"once"))


def copy_id(to: int, ref: MessageRef) -> int:
    """The random id under which the copy of `ref` is sent into chat `to`: always the same.

    63 bits: among a million copies two meet with a probability of 1 to 18 million.
    """
    named = f"{to} {ref.chat_id} {ref.message_id}".encode()
    return _number(blake2b(named, digest_size=8))


def _number(digest: blake2b) -> int:
    return (int.from_bytes(digest.digest(), "big") >> 1) or 1


def sent_ids(result: Any) -> dict[int, int]:
    """The ids of the messages that were sent, by their random ids."""
    return {
        int(update.random_id): int(update.id)
        for update in getattr(result, "updates", None) or []
        if isinstance(update, types.UpdateMessageID)
    }


def sent_message_id(result: Any, wanted: int) -> int | None:
    """The id of the message that was sent with random id `wanted`; None when it is not told."""
    if isinstance(result, types.UpdateShortSentMessage):
        return int(result.id)
    return sent_ids(result).get(wanted)


def _button(button: Button) -> Any:
    return types.KeyboardInlineButton(button.text, _action(button))


def _action(button: Button) -> Any:
    if button.url:
        return types.InlineButtonTypeUrl(button.url)
    if button.copy:
        return types.InlineButtonTypeCopy(button.copy)
    return types.InlineButtonTypeCallback(button.data)
