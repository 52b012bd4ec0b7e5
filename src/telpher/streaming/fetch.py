"""One chunk, whatever Telegram answers first: the only place that repeats a getFile.

    reference expired     refresh it (once for all readers) and ask again
    flood wait            wait it out, when that ends before the patience does
    time-out, 5xx, reset  back off 1, 2, 4 ... s and ask again
    short or long answer  treated like a time-out: never passed on
    anything else         raised

Patience is counted from the first failure, so that time spent in a queue is not held against a
chunk: 20 s while the status line is still to be sent, 25 s afterwards (engine.md, "Errors").
"""

from __future__ import annotations

import asyncio
import random

from telpher.clock import Clock
from telpher.core.chunks import Chunk
from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    ReferenceExpiredError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.streaming.locate import Locator
from telpher.telegram.gateway import MediaGateway

# Players hold their request for 27 s (Kodi) to 75 s (VLC): players.md 8.
PATIENCE_BEFORE_STATUS = 20.0
PATIENCE_IN_BODY = 25.0

# The first wait after a passing fault, in seconds, doubled each time; the cap keeps a few
# attempts inside the patience.
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 8.0

# References are refreshed at most so often for one chunk: a reference that dies again at once is
# a fault of Telegram's, not an expiry.
MOST_REFRESHES = 3


class Patience:
    """Decides how long to wait after each failure of one chunk, or to give up."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._until: float | None = None
        self._backoff = FIRST_BACKOFF
        self._refreshes = 0

    def allow_refresh(self, error: ReferenceExpiredError) -> None:
        """Counts a refresh of the file reference. Raises `error` when there were too many."""
        self._refreshes += 1
        if self._refreshes > MOST_REFRESHES:
            raise error

    def wait_after(self, error: TelegramError) -> float:
        """Seconds to wait before the next attempt. Raises `error` where none is due."""
        wait = self._pause_for(error)
        now = self._clock.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        if now + wait > self._until:
            raise error
        return wait

    def _pause_for(self, error: TelegramError) -> float:
        if isinstance(error, FloodWaitError):
            return error.seconds
        if isinstance(error, (ChunkTimeoutError, TelegramUnavailableError)):
            wait = self._backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
            self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
            return wait
        raise error


class Fetcher:
    """Fetches chunks of a message's file over whatever account and data centre serve it."""

    def __init__(self, media: MediaGateway, locator: Locator, clock: Clock) -> None:
        self._media = media
        self._locator = locator
        self._clock = clock

    async def fetch(self, ref: MessageRef, chunk: Chunk, patience: float) -> bytes:
        """The bytes of `chunk`, exactly; fewer than its limit only at the end of the file.

        Raises TelegramError when they are not to be had within `patience` seconds of trouble, and
        NotFoundError when a refresh finds that the message is gone.
        """
        judge = Patience(self._clock, patience)
        stale: Location | None = None
        while True:
            try:
                found = await self._locate(ref, stale)
                return await self._attempt(found, chunk)
            except ReferenceExpiredError as error:
                judge.allow_refresh(error)
                stale = found.location
            except TelegramError as error:
                await asyncio.sleep(judge.wait_after(error))

    async def _locate(self, ref: MessageRef, stale: Location | None) -> FoundFile:
        if stale is None:
            return await self._locator.find(ref)
        return await self._locator.refresh(ref, stale)

    async def _attempt(self, found: FoundFile, chunk: Chunk) -> bytes:
        data = await self._media.get_chunk(found.location, chunk.offset, chunk.limit)
        expected = min(chunk.limit, found.info.size - chunk.offset)
        if len(data) != expected:
            raise ChunkTimeoutError(f"{len(data)} bytes came instead of {expected}")
        return data
