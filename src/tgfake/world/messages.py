"""What is said: the body of a message, where it came from, and who may see it.

A message exists once, however many boxes it is filed in. In a private chat and in a basic group
every participant has a box of his own, with a counter of its own, so that one message has several
ids; in a channel there is one box and one id for all. `ids` maps the owner of a box to the id in
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

from tgfake.world.files import File
from tgfake.world.peers import Kind, Peer


@dataclass(frozen=True, slots=True)
class Body:
    """The part of a message that an edit can change."""

    text: str = ""
    entities: tuple[Any, ...] = ()
    file: File | None = None
    markup: Any = None
    """A TL reply markup, or None."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said a forwarded message first, and when."""

    date: float
    peer: Peer | None
    """None where the author hides his account; then only `name` is told."""
    name: str | None = None
    channel_post: int | None = None


@dataclass(eq=False, slots=True)
class Message:
    """One message. `sender` is a user, or the channel itself for posts of a broadcast channel."""

    sender: Peer
    target: Peer
    """As the sender addressed it: the other user, the group or the channel."""
    author: int
    """The account that wrote it, also where a channel speaks in its stead."""
    date: float
    body: Body
    reply_to: Message | None = None
    topic: int | None = None
    """Id of the forum topic's first message; None outside forums and in the topic General."""
    origin: Origin | None = None
    grouped_id: int | None = None
    action: Any = None
    """A TL message action, which makes this a service message."""
    silent: bool = False
    protected: bool = False
    edited: float | None = None
    deleted: bool = False
    ids: dict[Peer, int] = field(default_factory=dict)
    bots: frozenset[int] = frozenset()
    """Bots that a message in a group was shown to when it was sent (`meant_for_bot`)."""

    def id_for(self, user_id: int) -> int:
        """The message's id as this account counts; 0 where it has none."""
        if self.target.kind is Kind.CHANNEL:
            return self.ids.get(self.target, 0)
        return self.ids.get(Peer(Kind.USER, user_id), 0)

    def peer_for(self, user_id: int) -> Peer:
        """The conversation in which this account sees the message."""
        if self.target.kind is Kind.USER and self.sender.id != user_id:
            return self.sender
        return self.target


_COMMAND = re.compile(r"/\w{1,64}(?:@(\w+))?(?=\s|$)")


def meant_for_bot(message: Message, user_id: int, username: str | None, last_bot: bool) -> bool:
    """Whether privacy mode lets this bot see a message of a group.

    Service messages, commands that name the bot, commands that name nobody (unless another bot
    spoke last: `last_bot` is False then), and replies to what the bot said or was shown.
    https://core.telegram.org/bots/features#privacy-mode
    """
    if message.action is not None or message.sender.id == user_id:
        return True
    replied = message.reply_to
    if replied is not None and (replied.sender.id == user_id or _called(replied, user_id)):
        return True
    command = _COMMAND.match(message.body.text)
    if command is None:
        return False
    name = command[1]
    return last_bot if name is None else name.lower() == (username or "").lower()


def _called(message: Message, user_id: int) -> bool:
    return user_id in message.bots and _COMMAND.match(message.body.text) is not None


_FOUND = (
    (re.compile(r"(?<![\w/@])/\w{1,64}(?:@\w{3,32})?"), types.MessageEntityBotCommand),
    (re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}"), types.MessageEntityMention),
    (re.compile(r"\bhttps?://[^\s<>\"]+|\bt\.me/[^\s<>\"]+"), types.MessageEntityUrl),
)


def utf16_len(text: str) -> int:
    """Length as entities and limits count it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def found_entities(text: str) -> tuple[Any, ...]:
    """The entities the server itself marks in a plain text: links, commands, mentions."""
    taken: list[tuple[int, int]] = []
    found: list[Any] = []
    for pattern, entity in reversed(_FOUND):
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(start < e and s < end for s, e in taken):
                taken.append((start, end))
                found.append(entity(utf16_len(text[:start]), utf16_len(match[0])))
    return tuple(sorted(found, key=lambda entity: int(entity.offset)))
