"""A page file: 1 MiB of one document, whose granules come one by one.

    0        4096        +64 KiB                              4096 + 1 MiB
    | header | granule 0 | granule 1 |   ...     | granule 15 |
       |
       magic, then a slot of 64 bits for each granule: 0, or a present bit and its CRC-32

The data is written first, the header after it, and each granule at most once in a file's life. So
a process that is killed at any moment leaves granules without a slot, which count as not there; a
power cut, where the disk may keep the header and lose the data, leaves checksums that do not fit.
Nothing is synced: what is lost is fetched again.

A checksum per granule, because granules arrive in different requests and are read alone. CRC-32
finds every burst of up to 32 bits and misses other damage once in 2^32; against people who can
write into the folder nothing would help, they can read the database too. It starts from the page's
name and the granule's number, so that bytes in a wrong place do not fit either. zlib's runs at
1.1 GB/s where blake2b does 0.35, without the interpreter's lock, on any CPU; SHA-256 is as fast
only where the CPU has instructions for it.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from telpher.core.chunks import GRANULE, PAGE

# Document id and size, which name the bytes for ever (see core.model.FileInfo).
Document = tuple[int, int]

# One block of the usual file systems, so that granules start at a block.
HEADER = 4 << 10

SLOTS = PAGE // GRANULE

_MAGIC = b"telpher1"
_LAYOUT = struct.Struct(f"<8s{SLOTS}Q")
HEADER_USED = _LAYOUT.size

# Distinguishes a granule whose checksum is 0 from one that is not there.
_PRESENT = 1 << 32

_NAME = re.compile(r"(-?\d{1,19})-(\d{1,19})-(\d{1,13})", re.ASCII)


class PageKey(NamedTuple):
    """Names one page: page `number` of the document, counted from 0."""

    document_id: int
    size: int
    number: int

    @property
    def length(self) -> int:
        """Bytes of the document that lie in this page."""
        return min(PAGE, self.size - self.number * PAGE)

    @property
    def granules(self) -> int:
        """How many granules that is; the last one of a document may be short."""
        return -(-self.length // GRANULE)

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.document_id}-{self.size}-{self.number}"


def parse_name(name: str) -> PageKey | None:
    """The page that a file of this name holds; None for a name that no page has."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    key = PageKey(*map(int, match.groups()))
    return key if key.length > 0 and key.name == name else None


class Span(NamedTuple):
    """Whole granules of one page: from number `first` of the page to before number `end`."""

    key: PageKey
    first: int
    end: int

    @classmethod
    def of(cls, document: Document, offset: int, limit: int) -> Span:
        """The granules of [offset, offset + limit), cut off at the end of the document.

        Raises ValueError unless it is a run of whole granules of one page; the document's last
        granule is whole when it reaches the document's end.
        """
        document_id, size = document
        stop = min(offset + limit, size)
        whole = offset % GRANULE == 0 and (stop % GRANULE == 0 or stop == size)
        if not (whole and 0 <= offset < stop and offset // PAGE == (stop - 1) // PAGE):
            raise ValueError(f"{limit} bytes at {offset} of {size} are no granules of one page")
        page = offset // PAGE
        first = offset % PAGE // GRANULE
        return cls(PageKey(document_id, size, page), first, -(-(stop - page * PAGE) // GRANULE))

    @property
    def mask(self) -> int:
        """A bit for each granule, the page's first being the lowest."""
        return (1 << self.end) - (1 << self.first)

    @property
    def start(self) -> int:
        """Offset in the file."""
        return HEADER + self.first * GRANULE

    @property
    def length(self) -> int:
        """Bytes of all its granules."""
        return min(self.end * GRANULE, self.key.length) - self.first * GRANULE

    def checksums(self, data: bytes | memoryview) -> list[int]:
        """One for each granule of `data`, which has this span's length."""
        view = memoryview(data)
        seeds = (f"{self.key.name} {granule}".encode() for granule in range(self.first, self.end))
        return [
            zlib.crc32(view[at * GRANULE : (at + 1) * GRANULE], zlib.crc32(seed))
            for at, seed in enumerate(seeds)
        ]


@dataclass(frozen=True, slots=True)
class Header:
    """What a page file says about its granules."""

    slots: tuple[int, ...] = (0,) * SLOTS

    @classmethod
    def parse(cls, data: bytes) -> Header | None:
        """None when this is no header of a page file, or not all of one.

        Zeros or nothing are a file whose first write did not come to its end: no granules.
        """
        if not data.strip(b"\0"):
            return cls()
        if len(data) < HEADER_USED:
            return None
        magic, *slots = _LAYOUT.unpack_from(data)
        return cls(tuple(slots)) if magic == _MAGIC else None

    def pack(self) -> bytes:
        """As it is written at the beginning of the file."""
        return _LAYOUT.pack(_MAGIC, *self.slots)

    @property
    def present(self) -> int:
        """A bit for each granule that is there, as in `Span.mask`."""
        return sum(1 << at for at, slot in enumerate(self.slots) if slot)

    def fits(self, span: Span, data: bytes) -> bool:
        """Whether `data` is what was written there."""
        if len(data) != span.length:
            return False
        said = self.slots[span.first : span.end]
        return all(
            slot == _PRESENT | checksum
            for slot, checksum in zip(said, span.checksums(data), strict=True)
        )

    def with_granules(self, span: Span, data: bytes | memoryview) -> Header:
        """This header once `data` has been written there."""
        slots = list(self.slots)
        slots[span.first : span.end] = [_PRESENT | each for each in span.checksums(data)]
        return Header(tuple(slots))
