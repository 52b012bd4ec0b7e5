"""The only way to a file's bytes.

    locate   what is known of the file, from metadata alone (HEAD needs no more)
    open     a viewer's stream; its first bytes are there before it is handed out, so that an
             error can still become a real HTTP answer

Work that serves more than one viewer runs in the task group the engine is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from telpher.clock import Clock
from telpher.core.model import FileInfo, MessageRef
from telpher.errors import BusyError, TelegramUnavailableError
from telpher.streaming.cache import BlockCache
from telpher.streaming.fetch import Fetcher
from telpher.streaming.locate import Locator
from telpher.streaming.patience import BEFORE_STATUS, IN_BODY, Patience, patiently
from telpher.streaming.stream import Stream
from telpher.telegram.gateway import MediaGateway


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """`cache_bytes` of file bytes in memory; `properties` of files kept for `properties_ttl` s."""

    cache_bytes: int
    properties: int
    properties_ttl: float


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Figures of this moment, and totals since the start; sizes in bytes."""

    active_streams: int
    total_streams: int
    cache_bytes: int
    cache_budget: int
    file_properties_cached: int


class Engine:
    """See the module's docstring. `tasks` is the owner's; call `close` before leaving it."""

    def __init__(
        self, media: MediaGateway, clock: Clock, limits: EngineLimits, tasks: asyncio.TaskGroup
    ) -> None:
        self._clock = clock
        self._locator = Locator(
            media, clock, tasks, capacity=limits.properties, ttl=limits.properties_ttl
        )
        self._fetcher = Fetcher(media, self._locator, clock)
        self._cache = BlockCache(limits.cache_bytes, tasks)
        self._streams: set[Stream] = set()
        self._total = 0
        self._closing = False

    async def close(self) -> None:
        """Ends every stream; none is opened any more."""
        self._closing = True
        for stream in list(self._streams):
            await stream.aclose()

    async def locate(self, ref: MessageRef) -> FileInfo:
        """What is known of the message's file. Raises NotFoundError and TelegramError.

        Trouble that lasts longer than players wait (20 s) is TelegramUnavailableError.
        """
        async with _time_limit():
            patience = Patience(self._clock, BEFORE_STATUS)
            return (await patiently(partial(self._locator.find, ref), patience)).info

    async def open(self, ref: MessageRef, start: int, stop: int) -> Stream:
        """A stream of the bytes [start, stop), 0 <= start < stop <= size, ready to be sent.

        Raises NotFoundError and TelegramError, BusyError when memory is promised to others, and
        ValueError for a range outside the file.
        """
        info = await self.locate(ref)
        if not 0 <= start < stop <= info.size:
            raise ValueError(f"range {start}-{stop} of {info.size} bytes")
        if self._closing:
            raise BusyError("shutting down")
        fetch = partial(self._fetcher.fetch, ref)
        stream = Stream(self._cache, info, fetch, start, stop)
        stream.on_close(self._streams.discard)
        self._streams.add(stream)
        self._total += 1
        await self._prime(stream)
        return stream

    async def _prime(self, stream: Stream) -> None:
        try:
            async with _time_limit():
                await stream.prime()
        except BaseException:
            await stream.aclose()
            raise
        stream.patience = IN_BODY

    def stats(self) -> EngineStats:
        """How much is going on."""
        return EngineStats(
            active_streams=len(self._streams),
            total_streams=self._total,
            cache_bytes=self._cache.reserved,
            cache_budget=self._cache.budget,
            file_properties_cached=len(self._locator),
        )


@asynccontextmanager
async def _time_limit() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BEFORE_STATUS):
            yield
    except TimeoutError:
        message = f"no answer from Telegram within {BEFORE_STATUS:.0f} s"
        raise TelegramUnavailableError(message) from None
