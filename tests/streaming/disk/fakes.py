"""Documents whose bytes are known everywhere, and a disk with troubles."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.files import OsFiles
from telpher.streaming.disk.page import Document, Span

# Ten pages, the last granule of which has 1000 bytes.
FILM = (5_368_324_170_671_202_286, 9 * PAGE + 3 * GRANULE + 1000)
PHOTO = (-77, 40_000)


def content(document: Document, offset: int, limit: int) -> bytes:
    """Bytes that tell their document and their granule; `offset` is a multiple of a granule."""
    stop = min(offset + limit, document[1])
    words = (
        b"%016x" % (hash(document) + at & (1 << 64) - 1) for at in range(offset, stop, GRANULE)
    )
    return b"".join(word * (GRANULE // 16) for word in words)[: stop - offset]


def of(span: Span) -> bytes:
    """The content of a span."""
    document = (span.key.document_id, span.key.size)
    return content(document, span.key.number * PAGE + span.first * GRANULE, span.length)


def page_files(folder: Path) -> list[Path]:
    """All page files, in whatever order."""
    return [path for path in folder.glob("??/*") if path.is_file()]


def space(folder: Path) -> int:
    """Bytes that the page files take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in page_files(folder))


class PowerCutError(Exception):
    """The machine is gone in the middle of a call."""


class TroubledFiles(OsFiles):
    """The real files, but for the troubles a test asks for.

    failing     the error of every call of that name
    room        bytes that may still be written before the disk is full
    until_cut   bytes that are still written before the power goes
    most        bytes that one call writes
    free_bytes  what is said to be free
    gate        closed, it holds back reads and writes
    """

    def __init__(self) -> None:
        self.failing: dict[str, OSError] = {}
        self.room: int | None = None
        self.until_cut: int | None = None
        self.most = 1 << 30
        self.free_bytes = 1 << 40
        self.gate = threading.Event()
        self.gate.set()

    def lock(self, path: Path) -> int:
        self._fail("lock")
        return super().lock(path)

    def make_folder(self, path: Path) -> None:
        self._fail("make_folder")
        super().make_folder(path)

    def free(self, folder: Path) -> int:
        return self.free_bytes

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        self._wait()
        self._fail("read")
        return super().read(descriptor, size, offset)

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        self._wait()
        self._fail("write")
        part = memoryview(data)[: self.most]
        if self.until_cut is not None:
            self._cut(descriptor, part, offset)
        if self.room is not None:
            part = part[: self.room]
            self.room -= len(part)
            if not part:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, part, offset)

    def touch(self, descriptor: int) -> None:
        self._fail("touch")
        super().touch(descriptor)

    def remove(self, path: Path) -> None:
        self._fail("remove")
        super().remove(path)

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise self.failing[name]

    def _wait(self) -> None:
        if not self.gate.wait(60):
            raise AssertionError("the test left the gate closed")

    def _cut(self, descriptor: int, part: memoryview, offset: int) -> None:
        assert self.until_cut is not None
        if len(part) > self.until_cut:
            super().write(descriptor, part[: self.until_cut], offset)
            raise PowerCutError
        self.until_cut -= len(part)
