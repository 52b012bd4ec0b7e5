"""The disk tier as the rest of the house sees it: never an error, never a wait worth mentioning.

    read   a miss for whatever reason is None, and the bytes are fetched from Telegram
    write  forgotten when the disk is slow, full, read-only, or another process has the folder

Decisions are made on the event loop, in the index; threads only carry them out. All changes to
files go through one thread in the order in which they were decided. Hence the one rule that keeps
folder and index together: whoever takes a page out of the index submits the removal of its file.
A claim that comes later writes later, into a new file.

After trouble with writing, the folder is listed afresh before the next write: whatever could not
be written or removed is then counted for what it is. Reading goes on meanwhile.

The budget gives way to the disk. It is never more than what is used and what is free, less a
reserve: the database lies on the same disk and must not be the one to find it full.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

import structlog

from telpher.clock import Clock
from telpher.core.chunks import PAGE
from telpher.storage.rest import PAUSE, Rest
from telpher.streaming.disk.files import Files, OsFiles
from telpher.streaming.disk.index import Claim, Index, Page
from telpher.streaming.disk.page import Document, PageKey, Span
from telpher.streaming.disk.store import Loaded, PageStore, Saved
from telpher.streaming.disk.workers import Workers

# Bytes waiting to be written: they are held in memory beyond the memory tier's budget. A tenth of
# a second of a gigabit, about what a disk takes to wake up.
PENDING_BYTES = 16 << 20

# More readers at once than threads only queue up; then Telegram is not slower.
READERS = 4
PENDING_READS = 32

# Seconds after which Telegram would have answered several times over.
READ_PATIENCE = 2.0

# Seconds for the last writes at the end: PENDING_BYTES on a slow disk.
CLOSE_PATIENCE = 5.0

# Bytes left free on the disk, for the database beside the cache and its journal.
RESERVE = 256 << 20

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DiskStats:
    """Bytes on disk and being written, the budget in force, and totals since the start."""

    bytes: int
    budget: int
    hits: int
    misses: int
    dropped_writes: int
    errors: int


class DiskTier:
    """File bytes in `folder`, at most `budget` bytes; a budget of 0 is off.

    An asynchronous context manager: entering begins to open the folder, which is used as soon as
    it is there; leaving writes what is pending, within reason. All methods are the event loop's.
    """

    def __init__(
        self,
        folder: Path,
        budget: int,
        clock: Clock,
        files: Files | None = None,
        read_patience: float = READ_PATIENCE,
    ) -> None:
        self._store = PageStore(folder, files or OsFiles())
        self._configured = budget
        self._read_patience = read_patience
        self._index = Index(0)
        self._writer = Workers("disk-write", threads=1, capacity=PENDING_BYTES)
        self._readers = Workers("disk-read", threads=READERS, capacity=PENDING_READS)
        self._writing = Rest(clock)
        self._reading = Rest(clock)
        self._entered = self._opening = self._open = False
        self._hits = self._misses = self._dropped = self._errors = 0

    async def __aenter__(self) -> DiskTier:
        self._entered = self._configured > 0
        self._wake()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends it: what is pending is written, unless the disk is too slow, the folder is freed."""
        if not self._entered:
            return
        self._entered = self._open = False
        last = self._writer.submit(0, self._store.close)
        last.add_done_callback(self._removed)
        try:
            await asyncio.wait([last], timeout=CLOSE_PATIENCE)
        finally:
            self._writer.close(cancel=True)
            # Cancelling these would look to a viewer as if it were cancelled itself.
            self._readers.close(cancel=False)

    async def settled(self) -> None:
        """Waits until all that was asked for so far is on disk or given up and cleared away."""
        for _ in range(2):  # a job that fails submits another
            if self._entered:
                await self._writer.submit(0, _nothing)

    async def read(self, document: Document, offset: int, limit: int) -> bytes | None:
        """The bytes [offset, offset + limit), cut off at the end of the document, or None.

        Raises ValueError unless they are whole granules of one page (`Span.of`).
        """
        data = await self._read(Span.of(document, offset, limit))
        if data is None:
            self._misses += 1
        else:
            self._hits += 1
        return data

    def write(self, document: Document, offset: int, data: bytes | memoryview) -> None:
        """Keeps `data`, if that is possible at the moment.

        Nothing is copied: `data` must not change as long as the tier refers to it, which it does
        until the bytes are written. Raises ValueError unless they are whole granules of one page.
        """
        span = Span.of(document, offset, len(data))
        if span.length != len(data):
            raise ValueError(f"{len(data)} bytes at {offset} reach behind the document's end")
        if not self._entered or not self._index.lacks(span):
            return
        self._wake()
        if not self._open or not self._writer.has_room(len(data)) or not self._submit(span, data):
            self._dropped += 1

    def forget(self, document: Document) -> None:
        """Removes all there is of a document."""
        if self._entered:
            document_id, size = document
            keys = [PageKey(document_id, size, number) for number in range(-(-size // PAGE))]
            self._index.forget(keys)
            self._remove(keys)

    @property
    def on(self) -> bool:
        """Whether it is to be used at all."""
        return self._configured > 0

    def stats(self) -> DiskStats:
        """Figures of this moment."""
        return DiskStats(
            bytes=self._index.bytes,
            budget=self._index.budget,
            hits=self._hits,
            misses=self._misses,
            dropped_writes=self._dropped,
            errors=self._errors,
        )

    async def _read(self, span: Span) -> bytes | None:
        if not self._entered or self._reading.resting or not self._readers.has_room(1):
            return None
        page = self._index.find(span)
        if page is None:
            return None
        try:
            async with asyncio.timeout(self._read_patience):
                loaded = await self._readers.submit(1, partial(self._store.load, span))
        except TimeoutError:
            self._trouble(self._reading, "reading", TimeoutError("the disk does not answer"))
            return None
        except OSError as error:
            self._trouble(self._reading, "reading", error)
            self._drop(page)
            return None
        return self._loaded(page, loaded)

    def _loaded(self, page: Page, loaded: Loaded) -> bytes | None:
        if self._reading.succeeded():
            _log.info("the disk cache reads again")
        if loaded.damaged:
            self._errors += 1
            _log.info("a page of the disk cache is damaged and dropped", page=page.key.name)
        if loaded.useless:
            self._drop(page)
        else:
            self._index.learn(page, loaded.present)
        return loaded.data

    def _submit(self, span: Span, data: bytes | memoryview) -> bool:
        claim = self._index.claim(span)
        if claim.page is None:
            self._remove(claim.evicted)
            if self._index.budget < self._configured:
                self._write_trouble(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            return False
        job = partial(self._store.save, span, data, claim.evicted)
        self._writer.submit(len(data), job).add_done_callback(partial(self._saved, claim))
        return True

    def _saved(self, claim: Claim, future: asyncio.Future[Saved]) -> None:
        try:
            saved = future.result()
        except OSError as error:
            if claim.page is not None:
                self._drop(claim.page)
            self._write_trouble(error)
        except asyncio.CancelledError:
            pass  # closed before it was written
        else:
            self._index.complete(claim, saved.present)
            self._index.budget = self._affordable(self._index.bytes, saved.free)
            if self._writing.succeeded():
                _log.info("the disk cache writes again")

    def _drop(self, page: Page) -> None:
        if self._index.drop(page):
            self._remove([page.key])

    def _remove(self, keys: Sequence[PageKey]) -> None:
        if keys and self._entered:
            job = partial(self._store.remove, keys)
            self._writer.submit(0, job).add_done_callback(self._removed)

    def _removed(self, future: asyncio.Future[None]) -> None:
        try:
            future.result()
        except OSError as error:
            self._write_trouble(error)
        except asyncio.CancelledError:
            pass

    def _wake(self) -> None:
        """Opens the folder, or lists it afresh, when that is due."""
        if self._entered and not (self._open or self._opening or self._writing.resting):
            self._opening = True
            self._writer.submit(0, self._list).add_done_callback(self._opened)

    def _list(self) -> Index:
        """Runs in the writer's thread: there may be many thousands of pages."""
        opened = self._store.open()
        index = Index(0, opened.found)
        index.budget = self._affordable(index.bytes, opened.free)
        self._store.remove(index.trim())
        return index

    def _opened(self, future: asyncio.Future[Index]) -> None:
        self._opening = False
        try:
            index = future.result()
        except OSError as error:
            self._write_trouble(error)
        except asyncio.CancelledError:
            pass
        else:
            self._index = index
            self._open = self._entered
            if not self._writing.troubled:
                _log.info("the disk cache is open", pages=len(index), bytes=index.bytes)

    def _affordable(self, used: int, free: int) -> int:
        return max(0, min(self._configured, used + free - RESERVE))

    def _write_trouble(self, error: OSError) -> None:
        self._open = False
        self._trouble(self._writing, "writing", error)

    def _trouble(self, rest: Rest, work: str, error: OSError) -> None:
        self._errors += 1
        if rest.failed():
            _log.warning(
                "the disk cache has trouble and is left alone",
                work=work,
                reason=str(error),
                retry_after=PAUSE,
            )


def _nothing() -> None:
    """What is waited for is the jobs before it."""
