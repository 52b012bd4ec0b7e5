"""The memory tier: each byte of a document once, however many watch.

A document is a row of 64 KiB granules. A slot is what covers a run of them: a `Flight` while a
chunk is on its way, a `Block` once it is there. Whoever needs a granule looks at its slot: none
(start a flight), a flight (join it), or a block (read it). Documents are keyed by document id and
size, which name the bytes for ever and are the same for every account.

One budget for the process bounds the memory by construction: bytes are reserved BEFORE a request
goes out, and stay counted until their block is evicted. Least recently used blocks go first, never
one that is pinned, that is, just being sent to somebody.

Blocks that somebody is about to read are *promised*. Read-ahead never takes their room, or it would
evict what it fetched a moment ago, nearest first, and each byte would be fetched again and again.
What a viewer waits for may take it: then the latest promise goes, which is needed last. Viewers
promise themselves no more than their `share` of the budget.

Reservations cannot deadlock. A quarter of the budget is kept for guarantees: two granules for
every admitted viewer. When all of the common part is pinned or in flight, a viewer fetches what it
waits for one granule at a time on its guarantee: one being sent, one on its way.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from telpher.core.chunks import GRANULE, Chunk
from telpher.core.demand import Demand
from telpher.core.model import FileInfo
from telpher.errors import BusyError
from telpher.flight import Flight

# Two granules: one being sent, one on its way (engine.md, "Cache").
GUARANTEE = 2 * GRANULE

# The part of the budget kept for guarantees: 512 viewers with the default of 256 MiB.
GUARANTEED_PART = 4

_NOTHING = memoryview(b"")

# Brings a chunk; how badly it is wanted may change while it is on its way.
Fetch = Callable[[Chunk, Demand], Coroutine[Any, Any, memoryview]]


class Guarantee:
    """What one viewer may always have, counted in granules."""

    def __init__(self) -> None:
        self.free = GUARANTEE


@dataclass(eq=False, slots=True)
class Block:
    """Bytes that are there, [start, stop) of the document; once it is evicted, `data` is empty.

    `funded` is the guarantee that pays for it, None when the common budget does. `promises` counts
    the viewers who are about to read it.
    """

    document: Document
    start: int
    stop: int
    data: memoryview
    funded: Guarantee | None = None
    pins: int = 0
    promises: int = 0


@dataclass(eq=False, slots=True)
class Pending:
    """A chunk on its way; `waiters` readers get its `block` pinned when it lands."""

    document: Document
    chunk: Chunk
    funded: Guarantee | None
    demand: Demand = field(default_factory=Demand)
    flight: Flight[None] = field(init=False)
    block: Block | None = None
    waiters: int = 0
    promises: int = 0

    @property
    def stop(self) -> int:
        """Offset behind the last byte asked for."""
        return self.chunk.offset + self.chunk.limit


Slot = Block | Pending


@dataclass(slots=True)
class CacheCounts:
    """What viewers' look-ups came to, and what had to go; counted since the start. `joined` are the
    chunks that were on their way already."""

    hits: int = 0
    joined: int = 0
    misses: int = 0
    evictions: int = 0

    @property
    def hit_rate(self) -> float | None:
        """How much of what was looked up caused no request; None before the first look-up."""
        good = self.hits + self.joined
        return good / (good + self.misses) if good + self.misses else None

    def found(self, slot: Slot) -> None:
        """A look-up came upon it."""
        if isinstance(slot, Block):
            self.hits += 1
        else:
            self.joined += 1


@dataclass(eq=False, slots=True)
class Document:
    """One document's slots, by granule number; a slot stands under each granule it covers."""

    key: tuple[int, int]
    slots: dict[int, Slot] = field(default_factory=dict)
    viewers: int = 0

    def at(self, position: int) -> Slot | None:
        """What covers the byte at `position`."""
        return self.slots.get(position // GRANULE)

    def is_empty(self, offset: int, stop: int) -> bool:
        """Whether nothing covers any byte of [offset, stop)."""
        return self.slots.keys().isdisjoint(range(offset // GRANULE, -(-stop // GRANULE)))

    def fill(self, slot: Slot, offset: int, stop: int) -> None:
        """Puts `slot` under every granule of [offset, stop)."""
        self.slots.update(dict.fromkeys(range(offset // GRANULE, -(-stop // GRANULE)), slot))

    def clear(self, offset: int, stop: int) -> None:
        """Empties every granule of [offset, stop)."""
        for granule in range(offset // GRANULE, -(-stop // GRANULE)):
            del self.slots[granule]


class BlockCache:
    """All documents' blocks and the budget they share, in bytes."""

    def __init__(self, budget: int, tasks: asyncio.TaskGroup) -> None:
        self.budget = budget
        self.reserved = 0
        self.counts = CacheCounts()
        self._guarantees = budget // GUARANTEED_PART
        self._common = budget - self._guarantees
        self._tasks = tasks
        self._documents: dict[tuple[int, int], Document] = {}
        self._blocks: OrderedDict[Block, None] = OrderedDict()  # least recently used first
        self._promised: OrderedDict[Block, None] = OrderedDict()  # latest promise last
        self._viewers = 0

    @property
    def share(self) -> int:
        """How many bytes each viewer may have ahead of it when all want as much."""
        return self._common // max(self._viewers, 1)

    @property
    def has_seat(self) -> bool:
        """Whether one more viewer can be admitted."""
        return self._guarantees >= GUARANTEE

    def admit(self, info: FileInfo) -> tuple[Document, Guarantee]:
        """Takes a viewer in. Raises BusyError when every guarantee is given away."""
        if not self.has_seat:
            raise BusyError("the memory for file bytes is promised to other viewers")
        self._guarantees -= GUARANTEE
        self._viewers += 1
        key = (info.document_id, info.size)
        document = self._documents.setdefault(key, Document(key))
        document.viewers += 1
        return document, Guarantee()

    def dismiss(self, document: Document) -> None:
        """A viewer has left; its guarantee goes back."""
        self._guarantees += GUARANTEE
        self._viewers -= 1
        document.viewers -= 1
        self._forget_if_empty(document)

    def start(
        self, document: Document, chunk: Chunk, fetch: Fetch, guarantee: Guarantee | None = None
    ) -> Pending | None:
        """Reserves room for `chunk` and sends it on its way; the caller holds the flight.

        With the `guarantee` of a viewer who waits for it, promises of others give way, and one
        granule is always to be had, as long as the viewer keeps no more than it may; then the chunk
        is cut down to it. None when there is no room.
        """
        funded = None
        if not self._reserve(chunk.limit, over_promises=guarantee is not None):
            if guarantee is None or guarantee.free < GRANULE:
                return None
            funded = guarantee
            funded.free -= GRANULE
            chunk = Chunk(chunk.offset, GRANULE)
        self.counts.misses += 1
        pending = Pending(document, chunk, funded)
        document.fill(pending, chunk.offset, pending.stop)
        pending.flight = Flight(
            self._tasks,
            self._bring(pending, fetch),
            lambda: self._end(pending),
            name=f"chunk {chunk.offset}",
        )
        return pending

    async def arrival(self, pending: Pending, guarantee: Guarantee) -> Block:
        """Waits for a chunk on its way and returns its block, pinned. Raises what the fetch did."""
        pending.waiters += 1
        try:
            await pending.flight.result()
        except BaseException:
            block = self._wake(pending)
            if block is not None:  # cancelled between landing and waking up
                self.unpin(block, guarantee)
            raise
        block = self._wake(pending)
        assert block is not None  # noqa: S101 - a flight without result raises
        return block

    def pin(self, block: Block) -> None:
        """Keeps `block` until unpinned, and counts as its use."""
        block.pins += 1
        if not block.promises:
            self._blocks.move_to_end(block)

    def unpin(self, block: Block, guarantee: Guarantee) -> None:
        """Ends one pin, held by the viewer with this `guarantee`."""
        block.pins -= 1
        if block.funded is not None and (block.funded is guarantee or block.pins == 0):
            self._settle(block, block.funded)

    def promise(self, slot: Slot) -> None:
        """A viewer is about to read it; to be taken back once."""
        slot.promises += 1
        if isinstance(slot, Block) and slot in self._blocks:
            del self._blocks[slot]
            self._promised[slot] = None

    def take_back(self, slot: Slot) -> None:
        """Ends one promise; of a chunk that has landed meanwhile, that on its block."""
        slot.promises -= 1
        if isinstance(slot, Pending):
            if slot.block is not None:
                self.take_back(slot.block)
        elif not slot.promises and slot in self._promised:
            del self._promised[slot]
            self._blocks[slot] = None

    def _wake(self, pending: Pending) -> Block | None:
        pending.waiters -= 1
        return pending.block

    async def _bring(self, pending: Pending, fetch: Fetch) -> None:
        data = await fetch(pending.chunk, pending.demand)
        document, chunk = pending.document, pending.chunk
        document.clear(chunk.offset, pending.stop)
        stop = chunk.offset + len(data)
        block = Block(document, chunk.offset, stop, data, pending.funded, pins=pending.waiters)
        block.promises = pending.promises
        document.fill(block, block.start, block.stop)
        (self._promised if block.promises else self._blocks)[block] = None
        pending.block = block
        if block.funded is None:
            self.reserved -= chunk.limit - len(data)
        elif block.pins == 0:
            self._settle(block, block.funded)

    def _end(self, pending: Pending) -> None:
        if pending.block is not None:
            return
        pending.document.clear(pending.chunk.offset, pending.stop)
        if pending.funded is None:
            self.reserved -= pending.chunk.limit
        else:
            pending.funded.free += GRANULE
        self._forget_if_empty(pending.document)

    def _settle(self, block: Block, guarantee: Guarantee) -> None:
        """A block read on a guarantee moves to the common budget, or goes.

        While others still send it, it moves in any case: none of them uses its own guarantee for
        it, so the sum stays within the budget.
        """
        block.funded = None
        guarantee.free += GRANULE
        if block.pins:
            self.reserved += len(block.data)
        elif not self._reserve(len(block.data)):
            self._remove(block)

    def _reserve(self, size: int, *, over_promises: bool = False) -> bool:
        """Takes `size` bytes of the common budget, evicting for it; False when it is in use."""
        missing = self.reserved + size - self._common
        candidates = iter(self._blocks)
        if over_promises:
            candidates = chain(candidates, reversed(self._promised))
        victims = _victims(candidates, missing)
        if victims is None:
            return False
        self.counts.evictions += len(victims)
        for block in victims:
            self.reserved -= len(block.data)
            self._remove(block)
        self.reserved += size
        return True

    def _remove(self, block: Block) -> None:
        del (self._promised if block.promises else self._blocks)[block]
        block.data = _NOTHING  # whoever still knows the block keeps no bytes by it
        block.document.clear(block.start, block.stop)
        self._forget_if_empty(block.document)

    def _forget_if_empty(self, document: Document) -> None:
        if document.viewers == 0 and not document.slots:
            self._documents.pop(document.key, None)


def _victims(candidates: Iterator[Block], missing: int) -> list[Block] | None:
    """The first ones that free `missing` bytes; None when they are not enough."""
    victims: list[Block] = []
    while missing > 0:
        block = next(candidates, None)
        if block is None:
            return None
        if block.pins == 0 and block.funded is None:
            victims.append(block)
            missing -= len(block.data)
    return victims
