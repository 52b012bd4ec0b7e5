"""Which limit a request for a file's bytes goes by (rule 17).

    no good link, HEAD, a small answer   "requests" of the client
    a range of a play that goes on       "ranges" of the play
    a play that begins                   "plays" of the client

Whether an answer begins a play is certain only when the file's size is: once before Telegram is
asked, by what Range and our own books say, it is refused if it would be one too many; then, right
before the first bytes are asked for, it is counted. Players open several connections at the same
instant (players.md 11): the first decides for all of them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from telpher.core import ranges
from telpher.core.model import Sitting, Viewer
from telpher.errors import StorageError
from telpher.service.register import Entry
from telpher.streaming.plays import LEAST_ANSWER, OVER_AFTER
from telpher.web.deps import WebDeps

# Seconds for which a look into the books may hold a film up. Without one an entry of a playlist
# counts as a play by itself.
PATIENCE: Final = 0.25

# Plays begun in the last minute that are remembered; the oldest go first. About 20 MB.
MOST_BEGUN: Final = 100_000

# A file of unknown size is as large as can be.
_ANY_SIZE: Final = 1 << 60


class Turns:
    """See the module."""

    def __init__(self, deps: WebDeps) -> None:
        self._rates = deps.rates
        self._engine = deps.engine
        self._book = deps.book
        self._clock = deps.clock
        self._begun: OrderedDict[Sitting, float] = OrderedDict()  # until when; soonest first
        self._beginning: dict[Sitting, asyncio.Event] = {}

    async def other(self, client: str) -> None:
        """A request that plays nothing. Raises RateLimitedError."""
        if self._rates is not None:
            await self._rates.requests.hit(client)

    async def viewer(self, link_id: int, client: str, wanted: str | None) -> Viewer:
        """Who asks for the bytes `wanted` (the value of Range), before anybody is asked for them.

        Raises RateLimitedError when they may not have them now.
        """
        entry = await self._entry(link_id)
        viewer = Viewer(link_id, client, playlist=entry.playlist if entry else "")
        if self._rates is None:
            return viewer
        if self._goes_on(viewer):
            await self._rates.ranges.hit(_key(viewer.sitting))
            return viewer
        await self._rates.requests.hit(client)
        if _longest(wanted, entry) >= LEAST_ANSWER:
            await self._rates.plays.room(client)
        return viewer

    async def begin(self, viewer: Viewer, length: int) -> None:
        """Its answer of `length` bytes is about to begin. Raises RateLimitedError."""
        if self._rates is None or length < LEAST_ANSWER:
            return
        sitting = viewer.sitting
        while (other := self._beginning.get(sitting)) is not None:
            await other.wait()
        if self._goes_on(viewer):
            return
        decided = self._beginning[sitting] = asyncio.Event()
        try:
            await self._rates.plays.hit(viewer.client)
            self._note_begun(sitting)
        finally:
            del self._beginning[sitting]
            decided.set()

    async def _entry(self, link_id: int) -> Entry | None:
        if (known := self._book.known(link_id)) is not None:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._book.find(link_id)
        except (StorageError, TimeoutError):
            return None

    def _goes_on(self, viewer: Viewer) -> bool:
        until = self._begun.get(viewer.sitting, 0.0)
        return until > self._clock.monotonic() or self._engine.playing(viewer)

    def _note_begun(self, sitting: Sitting) -> None:
        now = self._clock.monotonic()
        self._begun.pop(sitting, None)
        self._begun[sitting] = now + OVER_AFTER
        oldest = next(iter(self._begun))
        while self._begun[oldest] <= now or len(self._begun) > MOST_BEGUN:
            del self._begun[oldest]
            oldest = next(iter(self._begun))


def _key(sitting: Sitting) -> str:
    return f"{sitting.client}/{sitting.played}"


def _longest(wanted: str | None, entry: Entry | None) -> int:
    """How many bytes the answer may have; where If-Range voids Range, `begin` will see it."""
    size = entry.size if entry else _ANY_SIZE
    match ranges.parse(wanted, size):
        case ranges.Single(start, stop):
            return stop - start
        case ranges.Unsatisfiable():
            return 0
        case _:
            return size
