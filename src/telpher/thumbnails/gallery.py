"""Which picture a file has: Telegram's own thumbnail, else a frame, else none.

Telegram makes thumbnails of nearly everything that is sent as a video or photo, of 320 pixels; a
file that was sent as a document, as films often are, has one only if the sender's program made it.

Whoever asks for the picture of the same file meanwhile waits for the same work.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final, Protocol

import structlog

from telpher.clock import Clock
from telpher.core import mime
from telpher.core.model import FileInfo, MessageRef
from telpher.errors import NoThumbnailError, RequestRejectedError
from telpher.flight import SingleFlight
from telpher.thumbnails.frames import FrameTaker
from telpher.thumbnails.shelf import Key, Shelf, Thumbnail

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Wide enough for the player page on a telephone, and some 40 kB.
LONGEST: Final = 640

# The largest picture sent as a file (not a video) that is read, whole, to be made small.
_MOST_OF_PICTURE: Final = 24 << 20

_JPEG: Final = b"\xff\xd8\xff"


class Bytes(Protocol):
    """Where they come from: the engine."""

    async def thumbnail(self, ref: MessageRef, info: FileInfo) -> bytes:
        """All of the thumbnail that `info` names. Raises NotFoundError, TelegramError."""
        ...

    async def peek(self, ref: MessageRef, info: FileInfo, start: int, stop: int) -> bytes:
        """The bytes [start, stop) of the file, which count as nobody's play.

        Raises NotFoundError, TelegramError, BusyError.
        """
        ...


class Gallery:
    """See the module. Without `frames` there are Telegram's own alone. `tasks` is the owner's."""

    def __init__(
        self, source: Bytes, frames: FrameTaker | None, clock: Clock, tasks: asyncio.TaskGroup
    ) -> None:
        self._source = source
        self._frames = frames
        self._shelf = Shelf(clock)
        self._flights: SingleFlight[Key, Thumbnail | None] = SingleFlight(tasks)

    def expects(self, info: FileInfo) -> bool:
        """Whether it is worth asking, as far as is known without work."""
        kept = self._shelf.look(_key(info))
        if kept is not None:
            return kept.thumbnail is not None
        return info.thumbnail is not None or self._may_have_frames(info)

    async def picture(self, ref: MessageRef, info: FileInfo) -> Thumbnail:
        """The picture of the file `info` in message `ref`.

        Raises NoThumbnailError, MessageDeletedError, TelegramError, BusyError.
        """
        kept = self._shelf.look(_key(info))
        if kept is not None:
            found = kept.thumbnail
        else:
            found = await self._flights.join(_key(info), partial(self._make, ref, info))
        if found is None:
            raise NoThumbnailError("neither Telegram's nor a frame")
        return found

    async def _make(self, ref: MessageRef, info: FileInfo) -> Thumbnail | None:
        data = await self._telegrams_own(ref, info) or await self._frame(ref, info)
        made = Thumbnail.of(data) if data else None
        self._shelf.put(_key(info), made)
        return made

    async def _telegrams_own(self, ref: MessageRef, info: FileInfo) -> bytes | None:
        if info.thumbnail is None:
            return None
        try:
            data = await self._source.thumbnail(ref, info)
        except RequestRejectedError as error:
            _log.warning("Telegram does not give a thumbnail it has told of", problem=str(error))
            return None
        return data if data.startswith(_JPEG) else None  # of stickers they are WebP

    async def _frame(self, ref: MessageRef, info: FileInfo) -> bytes | None:
        if self._frames is None or not self._may_have_frames(info):
            return None
        return await self._frames.take(info.size, partial(self._source.peek, ref, info), LONGEST)

    def _may_have_frames(self, info: FileInfo) -> bool:
        family = mime.content_type(info).partition("/")[0]
        picture = family == "image" and info.size <= _MOST_OF_PICTURE
        return self._frames is not None and info.size > 0 and (family == "video" or picture)


def _key(info: FileInfo) -> Key:
    return info.document_id, info.size
