"""The narrow door to Telegram: what the rest of the house may ask for and is told.

Nothing of the client library appears here. `adapter/` implements the Protocols; tests and the demo
run the same adapter against tgfake. All methods raise `telpher.errors.TelegramError` or one of its
children for whatever Telegram says, and `asyncio.CancelledError` alone passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from telpher.core.demand import Demand
from telpher.core.model import FileInfo, MessageRef, Person, SmallSize


class MediaGateway(Protocol):
    """What the streaming engine needs."""

    @property
    def known_files(self) -> int:
        """How many files' properties are remembered."""
        ...

    async def find_file(self, ref: MessageRef) -> FileInfo:
        """What is known of the message's file: remembered, or read from the message.

        Raises NotFoundError for an unknown chat, a message without a file, or one that is gone;
        FloodWaitError, TelegramUnavailableError, ChunkTimeoutError for passing trouble.
        """
        ...

    async def get_chunk(
        self, ref: MessageRef, info: FileInfo, offset: int, limit: int, demand: Demand
    ) -> memoryview:
        """One upload.getFile: up to `limit` bytes from `offset`, fewer only at the file's end.

        A read-only view of the packet they came in: its memory is free with the last view of it.
        `offset` and `limit` follow telegram.md ("upload.getFile"); `core.chunks` makes such
        requests. Waits for its turn, which follows `demand` (core/fairness), but not for flood
        waits. A cancelled call tells Telegram to drop the answer. Raises NotFoundError,
        FloodWaitError, ChunkTimeoutError, TelegramUnavailableError, RequestRejectedError.
        """
        ...

    async def get_thumbnail(
        self, ref: MessageRef, info: FileInfo, size: SmallSize, demand: Demand
    ) -> memoryview:
        """All of one of the small sizes that Telegram has of the file; otherwise as `get_chunk`."""
        ...


# Telegram's limits, in UTF-16 code units, data in bytes [core.telegram.org/api/config, /bots/api].
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
PRESS_LIMIT = 200
DATA_LIMIT = 64
COPY_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Button:
    """One inline button; exactly one of `data`, `url` and `copy` is set.

    `data` holds at most DATA_LIMIT bytes, `copy` COPY_LIMIT characters; a URL names a public host
    (telegram.md).
    """

    text: str
    data: bytes = b""
    url: str = ""
    copy: str = ""


Keyboard = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the bot writes itself."""

    name: str
    data: bytes
    mime_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the bot says: a text, or a picture or document with a caption; never both of these.

    `html` is the Bot API's HTML with the tags b, i, u, s, a, code, pre and blockquote, at most
    TEXT_LIMIT after parsing, CAPTION_LIMIT as a caption; spaces around the text are taken off.
    `picture` is a JPEG or PNG of at most 10 MB; the same bytes are uploaded once and then sent by
    reference. `reply_to` is the id of the message answered, `topic` the forum topic that an answer
    to nothing goes into (0: none).

    `once` names the message within its chat: two sends of one name send one message, whatever
    crashed between them, and both return it. Without a name each send is another message.
    """

    html: str
    keyboard: Keyboard = ()
    picture: bytes = b""
    document: Document | None = None
    reply_to: int = 0
    topic: int = 0
    once: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message somebody sent where the bot can see it.

    `text` is the text or caption; `command` the command's name without slash and bot name
    ("start"), empty when there is none or it is meant for another bot; `arguments` what follows it.
    `album` is the same non-zero number for the items of one album. `reply_to` is the id of the
    message answered, 0 for none; `topic` the id of the forum topic it is in, 0 for none and for the
    general one. `date` in Unix seconds. `forwarded` from somewhere else. `sender` is None where a
    channel speaks, or an admin who stays anonymous.
    """

    ref: MessageRef
    sender: Person | None
    private: bool
    text: str
    command: str = ""
    arguments: str = ""
    file: FileInfo | None = None
    album: int = 0
    reply_to: int = 0
    topic: int = 0
    date: int = 0
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A press on an inline button that carries data, under the message `ref`."""

    ref: MessageRef
    sender: Person
    query_id: int
    data: bytes


Incoming = IncomingMessage | ButtonPress
Listener = Callable[[Incoming], Awaitable[None]]


class BotGateway(Protocol):
    """What the bot's conversations need.

    What cannot be delivered raises RecipientLostError where its reader is to blame (blocked,
    deleted account), RequestRejectedError where the message is.
    """

    @property
    def local_urls(self) -> bool:
        """Whether buttons may lead to addresses that are not public; Telegram's own may not."""
        ...

    async def send(self, chat_id: int, message: Outgoing) -> MessageRef:
        """Sends a message, without link preview. Waits out flood waits that are short enough."""
        ...

    async def edit(self, ref: MessageRef, message: Outgoing) -> None:
        """Replaces text or caption, the keyboard, and the picture where the new message has one.

        A message that looks like this already is no error. `reply_to`, `topic` and `once` mean
        nothing here, and a text cannot become a picture.
        """
        ...

    async def delete(self, ref: MessageRef) -> None:
        """Deletes a message for everybody; one that is gone is no error."""
        ...

    async def read_picture(self, ref: MessageRef) -> bytes:
        """The largest size of the message's photo, or its JPEG or PNG that was sent as a file.

        Raises NotFoundError when there is none, or one of more than 10 MB.
        """
        ...

    async def answer_press(self, query_id: int, text: str = "", *, alert: bool = False) -> None:
        """Ends a button's spinner, with a short text (at most PRESS_LIMIT) when there is one.

        A press that is too old to be answered is no error.
        """
        ...

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str = "") -> None:
        """Publishes the menu of commands: (name without slash, description).

        `language` is a code of two letters; empty for everybody whose own has no menu.
        """
        ...


class CopyGateway(Protocol):
    """What making copies in a channel needs.

    A message has one copy in a channel, however often it is asked for, by whatever method, and
    whatever crashed in between: Telegram is given the same random id again (telegram.md) and
    answers with the first copy. Copies hold the file alone: no caption, no keyboard, no origin.
    """

    async def resolve(self, channel: int | str) -> int:
        """The chat id of a channel or supergroup, given by chat id or by public name without @.

        Waits a while for the connection. From then on the account can address it. Raises
        NotFoundError when there is no such channel that the account can see.
        """
        ...

    async def forward(
        self, to: int, source: int, message_ids: Sequence[int]
    ) -> list[MessageRef | None]:
        """Copies up to 100 messages of chat `source`; each one's copy, None where none was made.

        That is where a message is gone. Raises RequestRejectedError when Telegram refuses them all
        (CHAT_FORWARDS_RESTRICTED: one of them is protected), FloodWaitError and others in passing.
        """
        ...

    async def send_by_reference(self, to: int, ref: MessageRef) -> MessageRef:
        """The copy of one message, made by naming its file instead of forwarding it.

        Raises NotFoundError when the message is gone or has no file; otherwise like `forward`.
        """
        ...


class AccountState(StrEnum):
    """Where an account stands; `health` shows it."""

    STARTING = "starting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DEAD = "dead"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """`reason` is a sentence for people when the state is not CONNECTED, without secrets.

    `name` is what the bot is called, as its owner chose it. `dcs` maps a data centre's id to its
    number of open media connections, `floods` to the seconds that file traffic still has to wait
    for, where that is so.
    """

    state: AccountState
    username: str
    reason: str
    dcs: Mapping[int, int] = field(default_factory=dict)
    name: str = ""
    user_id: int = 0
    floods: Mapping[int, float] = field(default_factory=dict)


class SessionStore(Protocol):
    """Where session strings are kept between runs. Synchronous: small and rarely called."""

    def load(self, name: str) -> str | None:
        """The session of account `name`, or None."""
        ...

    def save(self, name: str, session: str) -> None:
        """Keeps it, whole or not at all."""
        ...
