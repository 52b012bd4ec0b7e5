"""Page files in a folder: every call blocks, and a page is right or not there.

    cache/lock            held by the process that uses the folder
    cache/00 ... cache/ff/DOCUMENT-SIZE-PAGE    those of a document together, as on the disk

The folder is all there is: it is listed at the start, the time of modification being the time of
the last use. Files with other names are nobody's business and left alone.

`load` may be called from any thread at any time; the calls that change files are one thread's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from telpher.streaming.disk.files import FileEntry, Files
from telpher.streaming.disk.index import Found
from telpher.streaming.disk.page import HEADER_USED, Header, PageKey, Span, parse_name

# Keeps directories short enough for any file system: 400 files each with 100 GiB of whole pages.
_FOLDERS = 256


class FolderInUseError(OSError):
    """Another process has the folder."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was `found`, least recently used first, and the bytes `free` on the disk."""

    found: list[Found]
    free: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """`data` of a span, None when it is not there; `present` is what the page has.

    A `useless` page has nothing: its file is gone or damaged.
    """

    data: bytes | None
    present: int = 0
    damaged: bool = False

    @property
    def useless(self) -> bool:
        """Whether the page is better dropped."""
        return self.present == 0


@dataclass(frozen=True, slots=True)
class Saved:
    """`present` is what the page has now, `free` the bytes left on the disk."""

    present: int
    free: int


class PageStore:
    """See the module's docstring. Every method raises OSError, unless it says otherwise."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._lock: int | None = None

    def open(self) -> Opened:
        """Takes the folder, unless it is taken already, and lists it.

        Raises FolderInUseError when another process has it.
        """
        self._files.make_folder(self._folder)
        if self._lock is None:
            self._lock = self._take()
        listed = sorted(self._pages(), key=lambda pair: pair[1].modified)
        found = [Found(key, entry.space) for key, entry in listed]
        return Opened(found, self._files.free(self._folder))

    def close(self) -> None:
        """Leaves the folder to others."""
        if self._lock is not None:
            self._files.close(self._lock)
            self._lock = None

    def load(self, span: Span) -> Loaded:
        """The bytes of `span`, if they are all there and as they were written."""
        try:
            with self._file(span.key, create=False) as file:
                return self._load(file, span)
        except FileNotFoundError:
            return Loaded(None)

    def save(self, span: Span, data: bytes | memoryview, evicted: Iterable[PageKey]) -> Saved:
        """Removes the evicted, then writes what the page lacks of `span`."""
        self.remove(evicted)
        try:
            present = self._save(span, data)
        except FileNotFoundError:
            self._files.make_folder(self._path(span.key).parent)
            present = self._save(span, data)
        return Saved(present, self._files.free(self._folder))

    def remove(self, keys: Iterable[PageKey]) -> None:
        """Removes pages, which need not be there."""
        for key in keys:
            self._files.remove(self._path(key))

    def _take(self) -> int:
        try:
            return self._files.lock(self._folder / "lock")
        except BlockingIOError as error:
            raise FolderInUseError(f"another process uses {self._folder}") from error

    def _pages(self) -> Iterator[tuple[PageKey, FileEntry]]:
        for number in range(_FOLDERS):
            for entry in self._files.entries(self._folder / f"{number:02x}"):
                key = parse_name(entry.name)
                if key is not None and _folder_of(key) == number:
                    yield key, entry

    def _load(self, file: int, span: Span) -> Loaded:
        header = Header.parse(self._files.read(file, HEADER_USED, 0))
        if header is None:
            return Loaded(None, damaged=True)
        present = header.present
        if present & span.mask != span.mask:
            return Loaded(None, present)
        data = self._files.read(file, span.length, span.start)
        if not header.fits(span, data):
            return Loaded(None, damaged=True)
        with suppress(OSError):  # a disk that has become read-only can still be read
            self._files.touch(file)
        return Loaded(data, present)

    def _save(self, span: Span, data: bytes | memoryview) -> int:
        with self._file(span.key, create=True) as file:
            header = Header.parse(self._files.read(file, HEADER_USED, 0))
            if header is None:
                self._files.empty(file)
                header = Header()
            for run in _missing(header.present, span):
                begin = run.start - span.start
                part = memoryview(data)[begin : begin + run.length]
                self._write(file, part, run.start)
                header = header.with_granules(run, part)
            self._write(file, header.pack(), 0)
        return header.present

    def _write(self, file: int, data: bytes | memoryview, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = self._files.write(file, view, offset)
            view = view[written:]
            offset += written

    @contextmanager
    def _file(self, key: PageKey, *, create: bool) -> Iterator[int]:
        file = self._files.open(self._path(key), create=create)
        try:
            yield file
        finally:
            self._files.close(file)

    def _path(self, key: PageKey) -> Path:
        return self._folder / f"{_folder_of(key):02x}" / key.name


def _folder_of(key: PageKey) -> int:
    return key.document_id % _FOLDERS


def _missing(present: int, span: Span) -> Iterator[Span]:
    """The runs of granules of `span` that are not among `present`."""
    first = span.first
    while first < span.end:
        end = first
        while end < span.end and not present >> end & 1:
            end += 1
        if first < end:
            yield Span(span.key, first, end)
        first = end + 1
