"""The chunks one viewer has asked for: planned ahead of where it is, wanted the more the nearer.

    position ──────────── near ──────────────────── target
    │ HEAD │ NEAR: the next 2 MiB │ AHEAD: the rest      │

Read-ahead follows the viewer's own consumption: most GETs are abandoned at once (players.md 2),
and a player that reads on shows it by reading; one that never does is known by that (core/habit).
Each chunk on its way is held, so that it ends when nobody wants it any more, and its demand tells
the scheduler how badly this viewer wants it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from telpher.core.chunks import GRANULE, PAGE, Chunk, next_chunk
from telpher.core.demand import Urgency
from telpher.core.habit import IN_VAIN, STAYS_AFTER, Habit
from telpher.streaming.cache import Block, BlockCache, Document, Fetch, Guarantee, Pending, Slot

# Between these (engine.md, "Fairness").
LEAST_AHEAD = 1 << 20
MOST_AHEAD = 16 << 20

# What comes before everybody's read-ahead: a second or two of most films.
NEAR = 2 << 20

# A chunk that is being sent cannot be called back: the larger, the more is wasted on who leaves.
# So chunks are at most this part of the way a viewer has come, a page for those who stay.
CHUNK_PART = 8
FIRST_CHUNKS = PAGE // 4


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes [start, stop) of a file of `size` bytes."""

    start: int
    stop: int
    size: int


class ReadAhead:
    """See the module. `viewer` is who its demands speak of."""

    def __init__(
        self,
        viewer: Hashable,
        cache: BlockCache,
        seat: tuple[Document, Guarantee],
        span: Span,
        fetch: Fetch,
        habit: Habit,
    ) -> None:
        self._viewer = viewer
        self._cache = cache
        self._document, self._guarantee = seat
        self._span = span
        self._fetch = fetch
        self._habit = habit
        self._planned = span.start - span.start % GRANULE
        self._largest = 0
        # Promised to the viewer, nearest first mostly, and held while on their way.
        self._held: dict[Slot, None] = {}

    def cover(self, position: int) -> None:
        """Asks for what is missing from `position` up to the target, and says how urgent it is."""
        granule = position - position % GRANULE
        missing = self._document.at(position) is None
        if missing or self._planned < granule:
            self._planned = granule
        self._rank(position)
        target = self._target(position)
        while self._planned < target:
            slot = self._document.at(self._planned)
            if slot is None:
                slot = self._start(self._planned, head=self._planned <= position)
                if slot is None:
                    break
            elif slot not in self._held:
                self._cache.counts.found(slot)
                if isinstance(slot, Pending):
                    slot.flight.hold()
            self._promise(slot, position)
            self._planned = slot.stop

    def join(self, position: int) -> Pending | None:
        """The chunk that brings the byte at `position`, held once more and waited for.

        None when there is no memory for it.
        """
        pending = self._document.at(position)
        assert not isinstance(pending, Block)  # noqa: S101 - the caller has looked
        if pending is not None:
            pending.flight.hold()
        else:
            pending = self._start(position - position % GRANULE, head=True)
        if pending is not None:
            pending.demand.want(self._viewer, Urgency.HEAD)
        return pending

    def leave(self, pending: Pending) -> None:
        """Ends one hold."""
        pending.demand.forget(self._viewer)
        pending.flight.release()

    def drop(self, position: int, keep: int = 0) -> None:
        """Asks for nothing any more; what nobody else wants is cancelled at once.

        But for `keep` bytes that are on their way, the nearest: these come, in their own time.
        """
        self._planned = position - position % GRANULE
        kept = self._nearest(keep)
        for slot in [*self._held][::-1]:
            if slot not in kept:
                self._let_go(slot)
            elif isinstance(slot, Pending):
                slot.demand.want(self._viewer, Urgency.AHEAD)

    def _target(self, position: int) -> int:
        """Up to where bytes are to be there, or on their way."""
        come = position - self._span.start
        if come >= STAYS_AFTER:
            ahead = MOST_AHEAD
        elif self._may_leave(come):
            ahead = max(IN_VAIN, come // 2)
        else:
            ahead = LEAST_AHEAD + come
        return min(self._span.stop, position + min(ahead, self._cache.share))

    def _may_leave(self, come: int) -> bool:
        """Whether this viewer, having come so far, is about to leave, as it usually does."""
        return come < STAYS_AFTER and self._habit.glances

    def _nearest(self, most: int) -> list[Slot]:
        """What is on its way and makes no more than so many bytes together, the nearest first."""
        found: list[Slot] = []
        for slot in self._held:
            if isinstance(slot, Pending) and not slot.flight.done:
                most -= slot.chunk.limit
                if most < 0:
                    break
                found.append(slot)
        return found

    def _promise(self, slot: Slot, position: int) -> None:
        if slot not in self._held:
            self._cache.promise(slot)
            self._held[slot] = None
        self._tell_urgency(slot, position)

    def _let_go(self, slot: Slot) -> None:
        del self._held[slot]
        self._cache.take_back(slot)
        if isinstance(slot, Pending):
            self.leave(slot)

    def _start(self, offset: int, *, head: bool) -> Pending | None:
        """Starts the flight that covers `offset`, and holds it.

        None when there is no room; what the viewer waits for may draw on its guarantee.
        """
        span = self._span
        chunk = self._fit(next_chunk(offset, span.stop, self._largest, span.size))
        come = offset - span.start
        least = IN_VAIN if self._may_leave(come) else FIRST_CHUNKS
        while chunk.limit > max(least, come // CHUNK_PART):
            chunk = Chunk(chunk.offset, chunk.limit // 2)
        guarantee = self._guarantee if head else None
        pending = self._cache.start(self._document, chunk, self._fetch, guarantee)
        if pending is not None:
            self._largest = max(self._largest, pending.chunk.limit)
        return pending

    def _fit(self, chunk: Chunk) -> Chunk:
        """Halves the chunk until it covers nothing that is there or on its way."""
        limit = chunk.limit
        while limit > GRANULE and not self._document.is_empty(chunk.offset, chunk.offset + limit):
            limit //= 2
        return Chunk(chunk.offset, limit)

    def _rank(self, position: int) -> None:
        """Lets go of what is behind or failed, and tells how urgent the rest has become."""
        for slot in list(self._held):
            failed = isinstance(slot, Pending) and slot.flight.done and slot.block is None
            if failed or slot.stop <= position:
                self._let_go(slot)
            else:
                self._tell_urgency(slot, position)

    def _tell_urgency(self, slot: Slot, position: int) -> None:
        if isinstance(slot, Pending) and not slot.flight.done:
            near = slot.chunk.offset < position + NEAR
            slot.demand.want(self._viewer, Urgency.NEAR if near else Urgency.AHEAD)
