"""What a client shows of a message beyond its text, in plain values: marks, names, service notes.

For whoever draws messages (the demo's chat page) and would not learn TL for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from tgfake.world.accounts import Account
from tgfake.world.directory import Directory
from tgfake.world.messages import Message
from tgfake.world.peers import Kind, Peer

_PREFIX = "MessageEntity"
_SCOPE = bytes(types.BotCommandScopeDefault())


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text that is shown in its own way; `kind` is "bold", "code", "texturl" and so
    on, as the TL constructors are called. Counted in UTF-16 code units. `url` of "texturl" only."""

    kind: str
    offset: int
    length: int
    url: str | None = None


def marks_of(entities: Iterable[Any]) -> tuple[Mark, ...]:
    """TL message entities as marks."""
    return tuple(
        Mark(
            type(entity).__name__.removeprefix(_PREFIX).lower(),
            int(entity.offset),
            int(entity.length),
            getattr(entity, "url", None),
        )
        for entity in entities
    )


def name_of(directory: Directory, peer: Peer) -> str:
    """What clients call a user or chat."""
    if peer.kind is not Kind.USER:
        return directory.chats[peer].title
    account = directory.account(peer.id)
    if account.deactivated:
        return "Deleted Account"
    return " ".join(filter(None, (account.first_name, account.last_name)))


def origin_name(directory: Directory, message: Message) -> str | None:
    """Where a forwarded message is said to come from; None for one that is not forwarded."""
    origin = message.origin
    if origin is None:
        return None
    return name_of(directory, origin.peer) if origin.peer is not None else origin.name


def note_of(directory: Directory, message: Message) -> str | None:
    """A service message as a sentence; None for what somebody has said."""
    action, who = message.action, name_of(directory, message.sender)
    if action is None:
        return None
    match action:
        case types.MessageActionChatAddUser():
            return f"{who} joined"
        case types.MessageActionChatDeleteUser():
            return f"{who} left"
        case types.MessageActionTopicCreate():
            return f"{who} opened the topic {action.title}"
        case types.MessageActionChannelCreate():
            return f"{action.title} was created"
        case _:
            return type(action).__name__.removeprefix("MessageAction")


def commands_of(bot: Account, language: str | None) -> list[tuple[str, str]]:
    """The (name, description) pairs that a client of this language offers in a chat with `bot`."""
    published = bot.commands.get((_SCOPE, language or "")) or bot.commands.get((_SCOPE, "")) or []
    return [(each.command, each.description) for each in published]
