"""The only way to a file's bytes.

    locate   what is known of the file, from metadata alone (HEAD needs no more)
    open     a viewer's stream; its first bytes are there before it is handed out, so that an
             error can still become a real HTTP answer
    peek, thumbnail    for pictures of files: a few bytes of one, or what Telegram has made of it

Work that serves more than one viewer runs in the task group the engine is given.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from telpher.clock import Clock
from telpher.core.chunks import PAGE
from telpher.core.demand import Demand, Urgency
from telpher.core.model import FileInfo, MessageRef, Viewer
from telpher.errors import BusyError, NotFoundError, TelegramUnavailableError
from telpher.streaming.cache import BlockCache, CacheCounts
from telpher.streaming.fetch import ChunkStore, Fetcher
from telpher.streaming.patience import BEFORE_STATUS, IN_BODY, Patience, patiently
from telpher.streaming.plays import Attendance, PlayLimits, Plays, unplayed
from telpher.streaming.readahead import Span
from telpher.streaming.stream import Stream
from telpher.telegram.gateway import MediaGateway

# Who leaves in the middle may come back so long to the seat it had (engine.md, "Seek and
# disconnect": 1 to 2 s).
LINGER = 1.5

# How often paused viewers are looked for, and what was served is told of.
ROUND = 1.0

# What one look may be: it is held in one piece.
MOST_PEEKED = PAGE


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Figures of this moment, and totals since the start; sizes in bytes."""

    active_streams: int
    active_plays: int
    total_streams: int
    cache_bytes: int
    cache_budget: int
    file_properties_cached: int
    cache: CacheCounts
    bytes_served: int


class Engine:
    """See the module's docstring. `tasks` is the owner's; call `close` before leaving it."""

    def __init__(
        self,
        media: MediaGateway,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        *,
        cache_bytes: int,
        store: ChunkStore | None = None,
        plays: Plays | None = None,
    ) -> None:
        self._media = media
        self._clock = clock
        self._fetcher = Fetcher(media, store, clock)
        self._cache = BlockCache(cache_bytes, tasks)
        self._plays = plays or Plays(PlayLimits(), clock)
        self._streams: set[Stream] = set()
        self._lingering: deque[Stream] = deque()
        self._total = self._served = 0
        self._closing = False
        self._rounds = tasks.create_task(self._make_rounds(), name="paused viewers")

    async def close(self) -> None:
        """Ends every stream; none is opened any more."""
        self._closing = True
        self._rounds.cancel()
        for stream in list(self._streams):
            await stream.aclose()
        while self._lingering:
            self._lingering.popleft().finish()

    async def locate(self, ref: MessageRef) -> FileInfo:
        """What is known of the message's file. Raises NotFoundError and TelegramError.

        Trouble that lasts longer than players wait (20 s) is TelegramUnavailableError.
        """
        async with _time_limit():
            patience = Patience(self._clock, BEFORE_STATUS)
            return await patiently(partial(self._media.find_file, ref), patience)

    async def open(
        self,
        ref: MessageRef,
        start: int,
        stop: int,
        viewer: Viewer | None,
        info: FileInfo | None = None,
    ) -> Stream:
        """A stream of the bytes [start, stop), 0 <= start < stop <= size, ready to be sent.

        `info` is what the viewer was told of the file: the bytes are that file's or none, though
        the message may hold another one by now. Without it the file is located first.

        The streams that have `viewer` in common are one play; None is for what nobody plays.
        Raises NotFoundError and TelegramError, BusyError and TooManyPlaysError when memory or a
        limit does not allow it, and ValueError for a range outside the file.
        """
        if info is None:
            info = await self.locate(ref)
        if not 0 <= start < stop <= info.size:
            raise ValueError(f"range {start}-{stop} of {info.size} bytes")
        if self._closing:
            raise BusyError("shutting down")
        stream = self._seat(ref, info, Span(start, stop, info.size), viewer)
        try:
            async with _time_limit():
                await stream.prime()
        except BaseException:
            await stream.aclose()
            raise
        stream.patience = IN_BODY
        self._plays.note_begun(stream.play, ref, info)
        return stream

    def attend(self, ref: MessageRef, info: FileInfo, viewer: Viewer, length: int) -> Attendance:
        """A place in a play whose bytes, so many of them, somebody else sends. Raises BusyError and
        TooManyPlaysError."""
        if self._closing:
            raise BusyError("shutting down")
        play = self._plays.enter(viewer, length)
        self._plays.note_begun(play, ref, info)
        return Attendance(self._plays, play, info)

    async def peek(self, ref: MessageRef, info: FileInfo, start: int, stop: int) -> bytes:
        """The bytes [start, stop) for a look at the file: nobody's play, counted nowhere.

        At most MOST_PEEKED. Raises NotFoundError and TelegramError, BusyError when no memory is
        free, and ValueError for a range outside the file.
        """
        if not 0 <= start < stop <= min(info.size, start + MOST_PEEKED):
            raise ValueError(f"a look at {start}-{stop} of {info.size} bytes")
        if self._closing:
            raise BusyError("shutting down")
        span = Span(start, stop, info.size)
        fetch = partial(self._fetcher.fetch, ref, info)
        self._make_room()
        stream = Stream(self._cache, info, span, fetch, unplayed(), self._clock)
        try:
            async with _time_limit():
                return b"".join([bytes(piece) async for piece in stream])
        finally:
            await stream.aclose()
            stream.finish()

    async def thumbnail(self, ref: MessageRef, info: FileInfo) -> bytes:
        """All of Telegram's own thumbnail. Raises NotFoundError (also when there is none) and
        TelegramError."""
        size = info.thumbnail
        if size is None:
            raise NotFoundError("Telegram has no thumbnail")
        demand = Demand()
        demand.want(
            object(), Urgency.NEAR
        )  # a page is not a play: whoever waits for bytes goes first
        async with _time_limit():
            patience = Patience(self._clock, BEFORE_STATUS)
            fetch = partial(self._media.get_thumbnail, ref, info, size, demand)
            return bytes(await patiently(fetch, patience))

    def owned(self) -> Mapping[int, int]:
        """How many plays are of whose links."""
        return self._plays.owned()

    def playing(self, viewer: Viewer) -> bool:
        """Whether a stream of this viewer would be of a play that goes on already."""
        return self._plays.playing(viewer)

    def stats(self) -> EngineStats:
        """How much is going on."""
        return EngineStats(
            active_streams=len(self._streams),
            active_plays=self._plays.active,
            total_streams=self._total,
            cache_bytes=self._cache.reserved,
            cache_budget=self._cache.budget,
            file_properties_cached=self._media.known_files,
            cache=self._cache.counts,
            bytes_served=self._served,
        )

    def _seat(self, ref: MessageRef, info: FileInfo, span: Span, viewer: Viewer | None) -> Stream:
        """A stream that has not begun. When all seats are taken, those kept warm go first."""
        length = span.stop - span.start
        play = self._plays.enter(viewer, length) if viewer else unplayed()
        fetch = partial(self._fetcher.fetch, ref, info)
        try:
            self._make_room()
            stream = Stream(self._cache, info, span, fetch, play, self._clock)
        except BusyError:
            self._plays.leave(play)
            raise
        stream.on_close(self._closed)
        self._streams.add(stream)
        self._total += 1
        return stream

    def _make_room(self) -> None:
        while not self._cache.has_seat and self._lingering:
            self._lingering.popleft().finish()

    def _closed(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._tell(stream)
        self._plays.leave(stream.play)
        if stream.complete or self._closing:
            stream.finish()
            return
        self._lingering.append(stream)
        asyncio.get_running_loop().call_later(LINGER, self._stop_lingering, stream)

    def _stop_lingering(self, stream: Stream) -> None:
        if stream in self._lingering:
            self._lingering.remove(stream)
            stream.finish()

    async def _make_rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            for stream in self._streams:
                stream.rest_if_paused()
                self._tell(stream)

    def _tell(self, stream: Stream) -> None:
        if count := stream.news():
            self._served += count
            self._plays.note_served(stream.play, stream.info, count)


@asynccontextmanager
async def _time_limit() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BEFORE_STATUS):
            yield
    except TimeoutError:
        message = f"no answer from Telegram within {BEFORE_STATUS:.0f} s"
        raise TelegramUnavailableError(message) from None
