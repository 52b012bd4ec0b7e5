"""Reading chats and sending what others wrote: Protocols beside those of `gateway`.

The same rules hold: nothing of the client library appears here, methods raise
`telpher.errors.TelegramError` or one of its children, and `adapter/` implements all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from telpher.core.model import FileInfo, MessageRef


class Membership(StrEnum):
    """Whether somebody is in a chat; UNKNOWN where the bot has no right to see that."""

    MEMBER = "member"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChatInfo:
    """A group or channel as the bot sees it.

    `username` is empty for a private one. `members` is None where it is not told. `invite` is a
    link by which people may join: of the public name, else one that the bot may see or make; empty
    where it may not. `sees_members` tells whether the bot may ask who is in it.
    """

    chat_id: int
    title: str
    username: str = ""
    members: int | None = None
    invite: str = ""
    sees_members: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bot itself is and may do in a group or channel.

    `inside` tells whether it is a member; `public` whether everybody can read what is there.
    """

    chat_id: int
    title: str
    public: bool
    inside: bool
    admin: bool
    may_post: bool
    sees_members: bool


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message that was read. `album` as in IncomingMessage; `protected` content may not be
    forwarded."""

    ref: MessageRef
    file: FileInfo | None
    text: str = ""
    album: int = 0
    protected: bool = False


class ChatGateway(Protocol):
    """What batches, /stream and membership need to know of chats."""

    async def chat(self, named: int | str) -> ChatInfo:
        """The group or channel with that chat id or public name (without @, in any case).

        Raises NotFoundError when there is none that the bot can see.
        """
        ...

    async def membership(self, chat_id: int, user_id: int) -> Membership:
        """Whether the user is in the group or channel. Raises TelegramError in passing trouble."""
        ...

    async def read_messages(
        self, chat_id: int, message_ids: Sequence[int]
    ) -> list[ChatMessage | None]:
        """Up to 100 messages of a group or channel in one call; None for each that is not there.

        Raises NotFoundError when the bot cannot see the chat.
        """
        ...

    async def replied_to(self, command: MessageRef) -> ChatMessage | None:
        """The message that the message `command` answers, also where privacy mode hides it from
        the bot; None when it answers none, or one that is gone.

        Its `ref` is where its file can be found ever after, hence what a link must name: its own,
        or that of the command where the message itself is hidden.
        """
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """One message or album that was written to the bot, as it is to be sent on; `items` belong to
    whoever loaded it, and are good for as long as Telegram knows their file references."""

    source: Sequence[MessageRef]
    items: Sequence[object]


class PostGateway(Protocol):
    """What broadcasts need: the same message to many, without its origin."""

    async def album_of(self, ref: MessageRef) -> list[MessageRef]:
        """The items of the album that the message belongs to, in order; itself where there is none.

        Raises NotFoundError when it is gone.
        """
        ...

    async def load_post(self, source: Sequence[MessageRef]) -> Post:
        """The message, or the items of one album, with texts, entities, files and URL buttons.

        What is left of the album, if some of it is gone: `source` of the result tells. Raises
        NotFoundError when all is gone, RequestRejectedError when it cannot be sent on (a poll's
        results, a photo that destroys itself).
        """
        ...

    async def send_post(self, to: int, post: Post, random_ids: Sequence[int]) -> list[MessageRef]:
        """Sends it to a chat under these random ids, one for each item, so that a repeat with the
        same ones returns what was sent first (telegram.md).

        Keeps Telegram's pace behind the bot's answers; does not wait for flood waits. Raises
        RecipientLostError when the user cannot be reached (blocked, deleted),
        ReferenceExpiredError when the post must be loaded anew, FloodWaitError and others in
        passing trouble.
        """
        ...
