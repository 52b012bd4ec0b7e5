"""Files that the visitor brings: streamed to disk, bounded, and then files like any other.

They lie in the demo's own folder, which goes with it. What the browser says of a file (its kind,
its length in seconds) is what a Telegram client would say: it is believed as little as there.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tgfake.world import FileKind, FileSpec

# Bytes of one file, and of all together: room for a film, and none to fill a disk with.
MOST_OF_ONE: Final = 1 << 30
MOST_OF_ALL: Final = 4 << 30

# Bytes that go to disk at once.
_PIECE = 1 << 20

_LONGEST_NAME, _LONGEST_SIDE, _LONGEST_DURATION = 255, 10_000, 100 * 3600
_KINDS = {"video": FileKind.VIDEO, "audio": FileKind.AUDIO, "photo": FileKind.PHOTO}


class TooLargeError(Exception):
    """A file is larger than may be, or there is no room for it any more."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the browser tells of a file."""

    name: str
    mime: str
    kind: FileKind
    duration: int = 0
    width: int = 0
    height: int = 0

    @classmethod
    def by(cls, told: Mapping[str, str]) -> Described:
        """What the query of an upload says; whatever is not as it should be is left out."""
        return cls(
            name=told.get("name", "")[:_LONGEST_NAME] or "file",
            mime=told.get("type", "")[:_LONGEST_NAME] or "application/octet-stream",
            kind=_KINDS.get(told.get("kind", ""), FileKind.DOCUMENT),
            duration=_whole(told.get("duration"), _LONGEST_DURATION),
            width=_whole(told.get("width"), _LONGEST_SIDE),
            height=_whole(told.get("height"), _LONGEST_SIDE),
        )


class Uploads:
    """Keeps them in `folder`, which has to be there."""

    def __init__(
        self, folder: Path, most_of_one: int = MOST_OF_ONE, most_of_all: int = MOST_OF_ALL
    ) -> None:
        self._folder = folder
        self.most_of_one = most_of_one
        self._left = most_of_all
        self._numbers = itertools.count(1)

    async def take(
        self, described: Described, length: int | None, body: AsyncIterator[bytes]
    ) -> FileSpec:
        """The file whose bytes are `body`; `length` is how many they are said to be.

        Raises TooLargeError, as early as it can be known.
        """
        if length is not None and length > min(self.most_of_one, self._left):
            raise TooLargeError
        path = self._folder / f"upload-{next(self._numbers)}"
        try:
            with path.open("xb") as file:
                await self._write(file, body)
        except BaseException:
            self._left += path.stat().st_size if path.exists() else 0
            path.unlink(missing_ok=True)
            raise
        return FileSpec(
            kind=described.kind,
            name=None if described.kind is FileKind.PHOTO else described.name,
            mime=described.mime,
            path=str(path),
            duration=described.duration,
            width=described.width,
            height=described.height,
        )

    async def _write(self, file: IO[bytes], body: AsyncIterator[bytes]) -> None:
        size, piece = 0, bytearray()
        async for data in body:
            size += len(data)
            if size > self.most_of_one:
                raise TooLargeError
            piece += data
            if len(piece) >= _PIECE:
                await self._put(file, piece)
                piece = bytearray()
        await self._put(file, piece)

    async def _put(self, file: IO[bytes], piece: bytearray) -> None:
        if len(piece) > self._left:
            raise TooLargeError
        self._left -= len(piece)
        await asyncio.to_thread(_write_all, file, piece)


def _write_all(file: IO[bytes], piece: bytearray) -> None:
    file.write(piece)
    # So that what is given back after a failure is what was taken.
    file.flush()


def _whole(text: str | None, most: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return 0
    return min(int(text), most)
