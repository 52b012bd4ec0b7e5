"""One chunk, exactly, whatever Telegram answers first.

A refused file reference is refreshed, once for all readers. An answer that is too short or too
long is treated like none: it is never passed on. All else is `patience`'s to decide.
"""

from __future__ import annotations

from telpher.clock import Clock
from telpher.core.chunks import Chunk
from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import ChunkTimeoutError, ReferenceExpiredError
from telpher.streaming.locate import Locator
from telpher.streaming.patience import Patience, patiently
from telpher.telegram.gateway import MediaGateway


class Fetcher:
    """Fetches chunks of a message's file over whatever account and data centre serve it."""

    def __init__(self, media: MediaGateway, locator: Locator, clock: Clock) -> None:
        self._media = media
        self._locator = locator
        self._clock = clock

    async def fetch(self, ref: MessageRef, chunk: Chunk, patience: float) -> memoryview:
        """The bytes of `chunk`, exactly; fewer than its limit only at the end of the file.

        Raises TelegramError when they are not to be had within `patience` seconds of trouble, and
        NotFoundError when a refresh finds that the message is gone.
        """
        stale: Location | None = None

        async def attempt() -> memoryview:
            nonlocal stale
            found = await self._locate(ref, stale)
            try:
                return await self._ask(found, chunk)
            except ReferenceExpiredError:
                stale = found.location
                raise

        return await patiently(attempt, Patience(self._clock, patience))

    async def _locate(self, ref: MessageRef, stale: Location | None) -> FoundFile:
        if stale is None:
            return await self._locator.find(ref)
        return await self._locator.refresh(ref, stale)

    async def _ask(self, found: FoundFile, chunk: Chunk) -> memoryview:
        data = await self._media.get_chunk(found.location, chunk.offset, chunk.limit)
        expected = min(chunk.limit, found.info.size - chunk.offset)
        if len(data) != expected:
            raise ChunkTimeoutError(f"{len(data)} bytes came instead of {expected}")
        return data
