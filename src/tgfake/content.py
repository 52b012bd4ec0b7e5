"""The bytes of files: computed, held in memory or read from disk.

A computed file is a function from (document id, offset) to bytes, so that a file of 4 GiB needs no
room, any range can be had in O(length), and a test can say what each range must be. The file is a
row of blocks of 4 KiB, the unit in which upload.getFile counts. Block *i* of document *d* is

    16 bytes that are (i, d)  |  4,080 bytes cut from one pool of random bytes at h(d, i)

The first part makes every two blocks differ for certain, whether of one document or of two, and
shows in a hex dump which block has landed in the wrong place. The second part makes any other two
ranges differ but for chance: h spreads over 4 Mi places. The pool is SHAKE-128 of a fixed word,
computed once in some 10 ms, and is the same in every process: a client in a process of its own can
check what it gets. Cutting from a pool is a copy of memory, several times faster than a stream
cipher or a hash per block: about 2 GiB/s here, so that a benchmark measures its client.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BLOCK = 4096
_STAMP = struct.Struct("<QQ")
_CUT = BLOCK - _STAMP.size
_POOL_BITS = 22
# Two large odd numbers with well mixed bits (the golden ratio; a constant of the SplitMix family).
_STEP = 0x9E3779B97F4A7C15
_MIX = 0xD6E8FEB86659FD93
_WORD = (1 << 64) - 1
_READ = 1 << 20


class Source(Protocol):
    """Bytes with a known length."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` on; fewer at the end, none past it."""
        ...


@functools.cache
def _pool() -> bytes:
    return hashlib.shake_128(b"tgfake content 1").digest((1 << _POOL_BITS) + _CUT)


def _blocks(document_id: int, first: int, count: int) -> bytes:
    pool, stamp, shift = _pool(), _STAMP.pack, 64 - _POOL_BITS
    parts: list[bytes] = []
    for number in range(first, first + count):
        cut = ((document_id + number * _STEP) * _MIX & _WORD) >> shift
        parts += (stamp(number, document_id), pool[cut : cut + _CUT])
    return b"".join(parts)


def expected_bytes(document_id: int, offset: int, length: int) -> bytes:
    """What a computed file holds at [offset, offset + length); it has no end of its own."""
    if length <= 0:
        return b""
    first, skip = divmod(offset, BLOCK)
    count = -(-(skip + length) // BLOCK)
    data = _blocks(document_id, first, count)
    if skip == 0 and length == len(data):
        return data
    return data[skip : skip + length]


@dataclass(frozen=True, slots=True)
class Computed:
    """A computed file of `size` bytes."""

    document_id: int
    size: int

    def read(self, offset: int, length: int) -> bytes:
        return expected_bytes(self.document_id, offset, min(length, self.size - offset))


@dataclass(frozen=True, slots=True)
class Held:
    """A file in memory: what a bot has uploaded, a photo, a thumbnail."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A real file; it must not change while the world knows it."""

    path: Path
    size: int

    @classmethod
    def at(cls, path: Path) -> OnDisk:
        """The file at `path`; raises OSError when there is none."""
        return cls(path, path.stat().st_size)

    def read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(max(0, min(length, self.size - offset)))


def sha256(source: Source) -> str:
    """The digest of a whole file in hexadecimal, read piece by piece."""
    digest = hashlib.sha256()
    for piece in _pieces(source):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(source: Source) -> Iterator[bytes]:
    for offset in range(0, source.size, _READ):
        yield source.read(offset, _READ)
