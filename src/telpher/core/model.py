"""The nouns of telpher, as frozen values that any room may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a file was sent: what a link names.

    `chat_id` is in the Bot API's form: a user's id as it is, a basic group's negated, and -100
    followed by the id for channels and supergroups (64 bits).
    """

    chat_id: int
    message_id: int


class Kind(StrEnum):
    """What Telegram calls the file."""

    DOCUMENT = "document"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    ANIMATION = "animation"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class SmallSize:
    """A small JPEG that Telegram has made of a file: its `name` there, and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What is known of a file without reading it; the same for every account.

    `document_id` and `size` (bytes) identify the bytes for ever: Telegram never changes a document
    in place. `name` is the sender's, not yet safe for a header; empty when there was none. `date`
    is the message's or its last edit's, in Unix seconds. `duration` is in seconds, 0 where it does
    not apply. `thumbnail` is Telegram's own, None where there is none.
    """

    document_id: int
    size: int
    mime_type: str
    name: str
    kind: Kind
    date: int
    duration: int = 0
    title: str = ""
    performer: str = ""
    thumbnail: SmallSize | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """How one account asks Telegram for the file; worthless to any other account.

    `thumb_size` is empty for the file itself, else the name of a thumbnail's or photo's size.
    """

    account: int
    dc: int
    document_id: int
    access_hash: int
    file_reference: bytes
    photo: bool = False
    thumb_size: str = ""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A message's file as one account sees it."""

    info: FileInfo
    location: Location


class Sitting(NamedTuple):
    """One play, as limits tell it from others: the id of a link or of a playlist, and a client."""

    played: int | str
    client: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever plays: one link and one client, together one play (rule 17).

    `client` is their address as far as limits go by it. `owner` had the link made; None when that
    is not known, or nothing depends on it. `playlist` is the id of the one the link belongs to,
    empty for none: its entries are one play together.
    """

    link_id: int
    client: str
    owner: int | None = field(default=None, compare=False)
    playlist: str = field(default="", compare=False)

    @property
    def sitting(self) -> Sitting:
        """What all streams of the same play have in common."""
        return Sitting(self.playlist or self.link_id, self.client)


@dataclass(frozen=True, slots=True)
class Person:
    """A Telegram user as an update shows them. Every name was chosen by its bearer: escape it."""

    user_id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_premium: bool = False
    is_bot: bool = False
