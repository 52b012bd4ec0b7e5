"""Albums: several files sent at once come as several updates and get one answer.

Telegram says of each item which album it belongs to, but not how many there are. So whoever handles
the first one waits until no more have come for a moment; the others' handlers have nothing to do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from telpher.core.model import MessageRef
from telpher.telegram.gateway import IncomingMessage
from telpher.telegram.timing import Sleep

# The items of one album arrive together; apart from each other only when a connection breaks.
QUIET: Final = 0.7

# An album has at most ten items [core.telegram.org/api/files#albums-grouped-media].
MOST_ITEMS: Final = 10


@dataclass(slots=True)
class _Album:
    items: dict[MessageRef, IncomingMessage] = field(default_factory=dict)
    quiet: bool = False


class Albums:
    """Albums that are coming in; bounded by the updates that are handled at once."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep
        self._coming: dict[tuple[int, int], _Album] = {}

    async def gather(self, message: IncomingMessage) -> list[IncomingMessage]:
        """All items in order, for the handler of the first; nothing for those of the others.

        A message that belongs to no album is an album of one.
        """
        if not message.album:
            return [message]
        key = message.ref.chat_id, message.album
        album = self._coming.get(key)
        if album is not None:
            album.items[message.ref] = message
            album.quiet = False
            return []
        album = self._coming[key] = _Album({message.ref: message})
        try:
            await self._until_quiet(album)
        finally:
            del self._coming[key]
        return sorted(album.items.values(), key=lambda item: item.ref.message_id)

    async def _until_quiet(self, album: _Album) -> None:
        while not album.quiet and len(album.items) < MOST_ITEMS:
            album.quiet = True
            await self._sleep(QUIET)
