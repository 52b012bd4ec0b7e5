"""Files that messages can carry: documents of every kind, and photos.

Telegram knows two classes. A *document* has attributes that tell whether it is a video, a song, a
voice message and so on; a *photo* has sizes instead, each a JPEG. They have ids of separate kinds
and are fetched with separate location types.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from telethon.tl import types

from tgfake import jpeg
from tgfake.content import Computed, Held, OnDisk, Source

# A grey square of 16 by 16, so that whatever shows a thumbnail has a valid image to decode.
TINY_JPEG = base64.b64decode(
    "/9j//gAQTGF2YzYyLjI4LjEwMgD/2wBDAAgEBAQEBAUFBQUFBQYGBgYGBgYGBgYGBgYHBwcICAgHBwcGBgcHCAgICAkJ"
    "CQgICAgJCQoKCgwMCwsODg4RERT/xABMAAEBAAAAAAAAAAAAAAAAAAAABgEBAQAAAAAAAAAAAAAAAAAABAUQAQAAAAAA"
    "AAAAAAAAAAAAAAARAQAAAAAAAAAAAAAAAAAAAAD/wAARCAAQABADASIAAhEAAxEA/9oADAMBAAIRAxEAPwCZAMTX/9k="
)
# The size types of https://core.telegram.org/api/files: "m" fits into 320 pixels; "i" is a blurred
# preview inside the message, which cannot be fetched.
STRIPPED, THUMB = "i", "m"
_FULL = ((800, "x"), (1280, "y"), (2560, "w"))
# 1, height, width, and a JPEG without its head (/api/files#stripped-thumbnails).
_PREVIEW = bytes((1, 30, 40)) + bytes(60)


class FileKind(StrEnum):
    """What a file is to Telegram's clients."""

    DOCUMENT = "document"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    ANIMATION = "animation"
    PHOTO = "photo"


_MIME = {
    FileKind.DOCUMENT: "application/octet-stream",
    FileKind.VIDEO: "video/mp4",
    FileKind.AUDIO: "audio/mpeg",
    FileKind.VOICE: "audio/ogg",
    FileKind.VIDEO_NOTE: "video/mp4",
    FileKind.ANIMATION: "video/mp4",
    FileKind.PHOTO: "image/jpeg",
}


@dataclass(frozen=True, slots=True)
class FileSpec:
    """What a file shall be. Bytes come from `path`, else from `data`, else are computed."""

    kind: FileKind | str = FileKind.DOCUMENT
    size: int = 1 << 20
    name: str | None = None
    mime: str | None = None
    dc: int | None = None
    """Home data centre; None is the world's home."""
    path: str | None = None
    data: bytes | None = None
    duration: float = 0
    width: int = 0
    height: int = 0
    title: str | None = None
    performer: str | None = None
    thumb: bool | bytes = False
    """True for a tiny grey JPEG, or the JPEG itself."""


@dataclass(eq=False, slots=True)
class File:
    """A file that exists in the world. `dc` and `epoch` may be moved on at any time."""

    id: int
    spec: FileSpec
    kind: FileKind
    source: Source
    dc: int
    date: float
    epoch: int = 0

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def mime(self) -> str:
        return self.spec.mime or _MIME[self.kind]

    @property
    def is_photo(self) -> bool:
        return self.kind is FileKind.PHOTO

    @property
    def access_kind(self) -> str:
        """The word that keeps hashes of photos and documents apart."""
        return "photo" if self.is_photo else "document"

    @property
    def thumb(self) -> bytes | None:
        """The JPEG of size "m", where there is one; every photo has it."""
        if isinstance(self.spec.thumb, bytes):
            return self.spec.thumb
        return TINY_JPEG if self.spec.thumb or self.is_photo else None

    def part(self, thumb_size: str) -> Source | None:
        """The bytes that a location with this `thumb_size` names; None where it names nothing."""
        if thumb_size == THUMB and self.thumb is not None:
            return Held(self.thumb)
        wanted = self._full if self.is_photo else ""
        return self.source if thumb_size == wanted else None

    def sizes(self) -> list[Any]:
        """The photoSize list: of the photo, or of the document's thumbnails."""
        small = [] if self.thumb is None else _small_sizes(self.thumb)
        if not self.is_photo:
            return small
        return [*small, types.PhotoSize(self._full, *self._sides, self.size)]

    @property
    def _sides(self) -> tuple[int, int]:
        """Of a photo: width and height."""
        return self.spec.width or 800, self.spec.height or 600

    @property
    def _full(self) -> str:
        """The type of a photo's largest size."""
        longest = max(self._sides)
        return next((letter for most, letter in _FULL if longest <= most), _FULL[-1][1])

    def attributes(self) -> list[Any]:
        """The documentAttribute list of a document."""
        name = [types.DocumentAttributeFilename(self.spec.name)] if self.spec.name else []
        return [*self._nature(), *name]

    def _nature(self) -> list[Any]:
        kind, spec = self.kind, self.spec
        if kind in (FileKind.AUDIO, FileKind.VOICE):
            seconds, voice = int(spec.duration), kind is FileKind.VOICE
            performer = spec.performer
            return [types.DocumentAttributeAudio(seconds, voice or None, spec.title, performer)]
        if kind is FileKind.DOCUMENT:
            return []
        video = types.DocumentAttributeVideo(spec.duration, spec.width, spec.height)
        video.round_message = kind is FileKind.VIDEO_NOTE
        video.supports_streaming = kind is FileKind.VIDEO
        video.nosound = kind is FileKind.ANIMATION
        return [video, *([types.DocumentAttributeAnimated()] if video.nosound else [])]


def _small_sizes(thumb: bytes) -> list[Any]:
    width, height = jpeg.sides(thumb) or (0, 0)
    return [
        types.PhotoStrippedSize(STRIPPED, _PREVIEW),
        types.PhotoSize(THUMB, width, height, len(thumb)),
    ]


def source_of(spec: FileSpec, file_id: int, disk: OnDisk | None) -> Source:
    """Where the bytes of a new file come from."""
    if disk is not None:
        return disk
    if spec.data is not None:
        return Held(spec.data)
    if FileKind(spec.kind) is FileKind.PHOTO:
        return Held(TINY_JPEG)
    return Computed(file_id, spec.size)
