"""One viewer's bytes.

Each time the viewer asks for more, chunks are planned up to its read-ahead target, then the bytes
at its position are waited for. There is no barrier: the next chunk is asked for as soon as the
viewer has moved, not when a batch is complete.

A viewer that stops asking (its socket is blocked: a paused player) is let rest after a while: what
is on its way for it alone is dropped, and it keeps the block it is sending and nothing else. One
that plays slowly asks seldom too, a mebibyte being seconds of a film: by its own pace it is judged.

A viewer that leaves in the middle may come back at once: players drop one connection to seek on
the next. So its seat (the guarantee in the cache and the block it was at) is kept for a moment;
its requests are not, unless it is known to do so again and again (core/habit).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self

from telpher.clock import Clock
from telpher.core.chunks import PAGE, Chunk
from telpher.core.demand import Demand
from telpher.core.habit import IN_VAIN
from telpher.core.model import FileInfo
from telpher.errors import BusyError
from telpher.streaming.cache import Block, BlockCache
from telpher.streaming.patience import BEFORE_STATUS
from telpher.streaming.plays import Play
from telpher.streaming.readahead import ReadAhead, Span

# Brings a chunk that is wanted so, giving up after so many seconds of trouble.
PatientFetch = Callable[[Chunk, Demand, float], Coroutine[Any, Any, memoryview]]

# The largest piece handed to the socket at once: a whole chunk. Each piece passes half a dozen
# layers of Python, while the socket takes what it can and asks for the rest by itself.
PIECE = PAGE

# A viewer that asked for nothing for so long is paused, unless the piece before took it as long:
# then after so many times as long. The next piece may be twice as large, and a pace is never even.
PAUSED_AFTER = 3.0
PAUSED_TIMES = 3


class Stream:
    """The bytes [start, stop) of a file, as an asynchronous iterator of buffers.

    The pieces together are exactly the range; when bytes are finally lost the iterator raises in
    the middle, and the connection must be broken off visibly. A piece is valid until the next one
    is asked for. `aclose` may be called at any time and more than once; it never awaits. `patience`
    is how many seconds of trouble a chunk may have. Raises BusyError when no seat is free.
    """

    def __init__(
        self,
        cache: BlockCache,
        info: FileInfo,
        span: Span,
        fetch: PatientFetch,
        play: Play,
        clock: Clock,
    ) -> None:
        self.patience = BEFORE_STATUS
        self.play = play
        self.info = info
        self._cache = cache
        self._clock = clock
        self._document, self._guarantee = seat = cache.admit(info)
        self._span = span
        self._fetch = fetch
        self._position = self._told = span.start
        self._ahead = ReadAhead(self, cache, seat, span, self._bring, play.habit)
        self._block: Block | None = None
        self._asked = clock.monotonic()
        self._took = 0.0  # seconds from the last piece until the next was asked for
        self._asking = False
        self._closed = False
        self._finished = False
        self._when_closed: Callable[[Stream], None] = lambda _: None

    @property
    def complete(self) -> bool:
        """Whether all of the range has been handed out."""
        return self._position >= self._span.stop

    def news(self) -> int:
        """How many bytes were handed out since this was asked last."""
        count, self._told = self._position - self._told, self._position
        return count

    def on_close(self, callback: Callable[[Stream], None]) -> None:
        """Has `callback` called once, when the stream closes. It sees to `finish`."""
        self._when_closed = callback

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview:
        if self.complete:
            await self.aclose()
            raise StopAsyncIteration
        self._took = self._clock.monotonic() - self._asked
        await self.prime()
        await self._keep_pace()
        block = self._block
        assert block is not None  # noqa: S101 - prime() put it there
        begin = self._position - block.start
        end = min(begin + self._piece(), len(block.data), self._span.stop - block.start)
        self._position = block.start + end
        self._went_out(end - begin)
        return block.data[begin:end]

    async def prime(self) -> None:
        """Waits until the bytes at the position are there. Raises TelegramError, BusyError."""
        if self._block is not None:
            if self._position < self._block.stop:
                return
            self._let_go()
        self._asking = True
        try:
            self._ahead.cover(self._position)
            self._block = await self._obtain()
        finally:
            self._asking = False
            self._asked = self._clock.monotonic()

    def rest_if_paused(self) -> None:
        """Drops the read-ahead of a viewer that has not asked for long."""
        idle = self._clock.monotonic() - self._asked
        if not self._asking and idle >= max(PAUSED_AFTER, PAUSED_TIMES * self._took):
            self._ahead.drop(self._position)

    async def aclose(self) -> None:
        """Leaves; what nobody else waits for is cancelled, at once or when its seat goes back."""
        if self._closed:
            return
        self._closed = True
        habit = self.play.habit
        if not self.complete:
            habit.left(self._position - self._span.start)
        self._ahead.drop(self._position, IN_VAIN if habit.glances else 0)
        self._when_closed(self)

    def finish(self) -> None:
        """Gives the seat back; after `aclose`, any number of times."""
        if self._finished:
            return
        self._finished = True
        self._ahead.drop(self._position)
        self._let_go()
        self._cache.dismiss(self._document)

    async def _obtain(self) -> Block:
        slot = self._document.at(self._position)
        if isinstance(slot, Block):
            self._cache.pin(slot)
            return slot
        pending = self._ahead.join(self._position)
        if pending is None:
            raise BusyError("no memory is free for file bytes")
        try:
            return await self._cache.arrival(pending, self._guarantee)
        finally:
            self._ahead.leave(pending)

    def _bring(self, chunk: Chunk, demand: Demand) -> Coroutine[Any, Any, memoryview]:
        return self._fetch(chunk, demand, self.patience)

    def _let_go(self) -> None:
        if self._block is not None:
            self._cache.unpin(self._block, self._guarantee)
            self._block = None

    async def _keep_pace(self) -> None:
        pace = self.play.pace
        # Again after each wait: the play's other streams use the same pace.
        while pace is not None and (delay := pace.delay(self._clock.monotonic())) > 0:  # noqa: ASYNC110
            await asyncio.sleep(delay)

    def _piece(self) -> int:
        pace = self.play.pace
        return PIECE if pace is None else min(PIECE, pace.piece)

    def _went_out(self, nbytes: int) -> None:
        now = self._asked = self._clock.monotonic()
        if self.play.pace is not None:
            self.play.pace.sent(nbytes, now)
