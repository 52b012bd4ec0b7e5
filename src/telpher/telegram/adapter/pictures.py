"""Reads a whole picture into memory: banners, which admins send as photos.

On a connection of its own to the data centre that has it, which is closed again: this happens
rarely, and the connections of players are not to be disturbed. One at a time, for memory's sake and
because no two connections may share a login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from telpher.core.model import FileInfo, FoundFile, Kind, Location, MessageRef
from telpher.errors import AuthorisationLostError, MigrateError, NotFoundError
from telpher.telegram.media import MediaConnection, MediaConnector
from telpher.telegram.timing import Timing

# Telegram's own limit for photos [/api/files].
_LARGEST: Final = 10 << 20
_TYPES: Final = frozenset({"image/jpeg", "image/png"})

# The largest chunk of upload.getFile.
_CHUNK: Final = 1 << 20

# Apart from the players' connections, which count from 0.
_SLOT: Final = 1000

Find = Callable[[MessageRef], Awaitable[FoundFile]]


class PictureReader:
    """`find` reads a message's file, `connector` opens connections for one account."""

    def __init__(self, find: Find, connector: MediaConnector, timing: Timing) -> None:
        self._find = find
        self._connector = connector
        self._timing = timing
        self._turn = asyncio.Lock()

    async def read(self, ref: MessageRef) -> bytes:
        """See BotGateway.read_picture."""
        found = await self._find(ref)
        if not _is_picture(found.info):
            raise NotFoundError("no picture, or too large a one")
        try:
            return await self._read(found, found.location.dc)
        except MigrateError as moved:
            return await self._read(found, moved.dc)
        except AuthorisationLostError:
            self._connector.forget(found.location.dc, _SLOT)
            return await self._read(found, found.location.dc)

    async def _read(self, found: FoundFile, dc: int) -> bytes:
        async with self._turn:
            connection = await self._connector.open(dc, _SLOT)
            try:
                return await self._chunks(connection, found.location, found.info.size)
            finally:
                await connection.close()

    async def _chunks(self, connection: MediaConnection, location: Location, size: int) -> bytes:
        parts = []
        for offset in range(0, size, _CHUNK):
            part = await connection.get_chunk(location, offset, _CHUNK, self._timing.chunk)
            parts.append(bytes(part))
        return b"".join(parts)


def _is_picture(info: FileInfo) -> bool:
    named = info.kind is Kind.PHOTO or info.mime_type in _TYPES
    return named and info.size <= _LARGEST
