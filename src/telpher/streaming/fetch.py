"""One chunk, exactly, from disk or from Telegram, whatever Telegram answers first.

An answer that is too short or too long is treated like none: it is never passed on. How long to
go on trying is `patience`'s to decide; what can be mended by asking otherwise (another account,
data centre or reference) has been mended below.
"""

from __future__ import annotations

from typing import Protocol

from telpher.clock import Clock
from telpher.core.chunks import Chunk
from telpher.core.demand import Demand
from telpher.core.model import FileInfo, MessageRef
from telpher.errors import ChunkTimeoutError
from telpher.streaming.patience import Patience, patiently
from telpher.telegram.gateway import MediaGateway

Key = tuple[int, int]


class ChunkStore(Protocol):
    """Where chunks are kept beyond memory, by (document id, size)."""

    async def read(self, document: Key, offset: int, limit: int) -> memoryview | bytes | None:
        """All of the bytes [offset, offset + limit), less what is behind the end; or None."""
        ...

    def write(self, document: Key, offset: int, data: memoryview) -> None:
        """Keeps them, if it can; never waits and never raises."""
        ...


class Fetcher:
    """Fetches chunks of a message's file."""

    def __init__(self, media: MediaGateway, store: ChunkStore | None, clock: Clock) -> None:
        self._media = media
        self._store = store
        self._clock = clock

    async def fetch(
        self, ref: MessageRef, info: FileInfo, chunk: Chunk, demand: Demand, patience: float
    ) -> memoryview:
        """The bytes of `chunk`; fewer than its limit only at the end of the file.

        Raises TelegramError when they are not to be had within `patience` seconds of trouble, and
        NotFoundError when the message turns out to be gone.
        """
        expected = min(chunk.limit, info.size - chunk.offset)
        kept = await self._kept(info, chunk)
        if kept is not None and len(kept) == expected:
            return kept

        async def attempt() -> memoryview:
            data = await self._media.get_chunk(ref, info, chunk.offset, chunk.limit, demand)
            if len(data) != expected:
                raise ChunkTimeoutError(f"{len(data)} bytes came instead of {expected}")
            return data

        data = await patiently(attempt, Patience(self._clock, patience))
        if self._store is not None:
            self._store.write((info.document_id, info.size), chunk.offset, data)
        return data

    async def _kept(self, info: FileInfo, chunk: Chunk) -> memoryview | None:
        if self._store is None:
            return None
        document = (info.document_id, info.size)
        data = await self._store.read(document, chunk.offset, chunk.limit)
        return None if data is None else memoryview(data)
