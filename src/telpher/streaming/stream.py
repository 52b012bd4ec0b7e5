"""One viewer's bytes: where it is, how far it reads ahead, and what it waits for.

    start ......... position ............... planned ........ stop
                    | being sent | on its way or there |

Each time the viewer asks for more, chunks are planned from `planned` up to the read-ahead target,
then the bytes at `position` are waited for. There is no barrier: the next chunk is asked for as
soon as the viewer has moved, not when a batch is complete. A viewer that does not ask (its socket
is blocked) plans nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Self

from telpher.core.chunks import GRANULE, Chunk, next_chunk
from telpher.core.model import FileInfo
from telpher.errors import BusyError
from telpher.streaming.cache import Block, BlockCache, Pending
from telpher.streaming.patience import BEFORE_STATUS

# Read-ahead follows the viewer's own consumption between these (engine.md, "Fairness"): most GETs
# are abandoned at once (players.md 2), and a player that reads on shows it by reading.
LEAST_AHEAD = 1 << 20
MOST_AHEAD = 16 << 20

# Fetches a chunk, giving up after so many seconds of trouble.
PatientFetch = Callable[[Chunk, float], Coroutine[Any, Any, memoryview]]

# The largest piece handed to the socket at once: small enough to be fair to others on the loop,
# large enough that the cost of a call does not count.
PIECE = 256 << 10


class Stream:
    """The bytes [start, stop) of a file, as an asynchronous iterator of buffers.

    The pieces together are exactly the range; when bytes are finally lost the iterator raises in
    the middle, and the connection must be broken off visibly. A piece is valid until the next one
    is asked for. `aclose` may be called at any time and more than once. `patience` is how many
    seconds of trouble a chunk may have.
    """

    def __init__(
        self, cache: BlockCache, info: FileInfo, fetch: PatientFetch, start: int, stop: int
    ) -> None:
        self.patience = BEFORE_STATUS
        self._cache = cache
        self._document, self._guarantee = cache.admit(info)
        self._fetch = fetch
        self._size = info.size
        self._start = start
        self._position = start
        self._planned = start - start % GRANULE
        self._stop = stop
        self._largest = 0
        self._held: deque[Pending] = deque()
        self._block: Block | None = None
        self._closed = False
        self._when_closed: Callable[[Stream], None] = lambda _: None

    def on_close(self, callback: Callable[[Stream], None]) -> None:
        """Has `callback` called once, when the stream closes."""
        self._when_closed = callback

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview:
        if self._position >= self._stop:
            await self.aclose()
            raise StopAsyncIteration
        await self.prime()
        block = self._block
        assert block is not None  # noqa: S101 - prime() put it there
        begin = self._position - block.start
        end = min(begin + PIECE, len(block.data), self._stop - block.start)
        self._position = block.start + end
        return block.data[begin:end]

    async def prime(self) -> None:
        """Waits until the bytes at the position are there. Raises TelegramError, BusyError."""
        if self._block is not None:
            if self._position < self._block.stop:
                return
            self._let_go()
        self._plan()
        self._block = await self._obtain()
        self._release_landed()

    async def aclose(self) -> None:
        """Leaves; what nobody else waits for is cancelled at once."""
        if self._closed:
            return
        self._closed = True
        self._let_go()
        while self._held:
            self._held.popleft().flight.release()
        self._cache.dismiss(self._document)
        self._when_closed(self)

    async def _obtain(self) -> Block:
        slot = self._document.at(self._position)
        if isinstance(slot, Block):
            self._cache.pin(slot)
            return slot
        pending = self._join(self._position - self._position % GRANULE, slot)
        if pending is None:
            raise BusyError("no memory is free for file bytes")
        try:
            return await self._cache.arrival(pending, self._guarantee)
        finally:
            pending.flight.release()

    def _plan(self) -> None:
        """Starts or joins chunks until the read-ahead target is covered."""
        consumed = self._position - self._start
        target = min(self._stop, self._position + min(LEAST_AHEAD + consumed, MOST_AHEAD))
        self._planned = max(self._planned, self._position - self._position % GRANULE)
        while self._planned < target:
            slot = self._document.at(self._planned)
            if not isinstance(slot, Block):
                slot = self._join(self._planned, slot)
                if slot is None:
                    return
                self._held.append(slot)
            self._planned = slot.stop

    def _join(self, offset: int, pending: Pending | None) -> Pending | None:
        """Holds the flight that covers `offset`, starting one where there is none.

        None when there is no room; what the viewer waits for may draw on its guarantee.
        """
        if pending is not None:
            pending.flight.hold()
            return pending
        chunk = self._fit(next_chunk(offset, self._stop, self._largest, self._size))
        guarantee = self._guarantee if offset <= self._position else None
        pending = self._cache.start(self._document, chunk, self._bring, guarantee)
        if pending is not None:
            self._largest = max(self._largest, pending.chunk.limit)
        return pending

    def _bring(self, chunk: Chunk) -> Coroutine[Any, Any, memoryview]:
        return self._fetch(chunk, self.patience)

    def _fit(self, chunk: Chunk) -> Chunk:
        """Halves the chunk until it covers nothing that is there or on its way."""
        limit = chunk.limit
        while limit > GRANULE and any(
            self._document.at(position) is not None
            for position in range(chunk.offset, chunk.offset + limit, GRANULE)
        ):
            limit //= 2
        return Chunk(chunk.offset, limit)

    def _release_landed(self) -> None:
        while self._held and self._held[0].stop <= self._position:
            self._held.popleft().flight.release()

    def _let_go(self) -> None:
        if self._block is not None:
            self._cache.unpin(self._block, self._guarantee)
            self._block = None
