"""From a byte range to upload.getFile requests: which, in which order, and how large.

Telegram cuts a file into pages of 1 MiB; a request must stay inside one. Without the flag `precise`
its offset is a multiple of 4 KiB and its limit divides 1 MiB (telegram.md, "upload.getFile"). Every
request here is a power of two between one granule (64 KiB, the unit of the cache) and one page, at
an offset that is a multiple of its own limit. Such blocks, as in a buddy allocator, never straddle
a page, and two of them are either apart or one inside the other.

Small first, because the first byte waits for the whole first chunk:

    time to first byte = RTT + chunk / rate          80 ms + 1 MiB / 8 MB/s = 211 ms
                                                     80 ms + 64 KiB / 8 MB/s = 88 ms

then doubling, because calls are counted (flood waits) and large ones are the cheaper:

    page           |0                     |1 MiB            |2 MiB      |
    bytes=0-       |64 64 128 256 512      |1024             |1024       |...
    bytes=200000-  |      64 128 128 256 256|512 512          |1024       |...
                          ^ at 3 x 64 KiB, the granule that holds byte 200000

A chunk is the largest block that (1) begins at the wanted granule, (2) is at most twice as large as
the largest before it, and (3) does not reach behind the granule in which the range or the file
ends. Together the chunks of a range cover its granules exactly: nothing is read that nobody asked
for beyond the rounding to granules, and `bytes=0-0` costs one request of 64 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass

# Chunks and the cache count in these. Smaller ones would cost a call each; larger ones delay the
# first byte and waste more of the many abandoned requests (players.md 2).
GRANULE = 64 << 10

# upload.getFile: no request may cross a multiple of this, nor be larger.
PAGE = 1 << 20

# upload.getFile without `precise`: what offset and limit are multiples of.
_UNIT = 4 << 10


@dataclass(frozen=True, slots=True)
class Chunk:
    """One upload.getFile request: `limit` bytes from `offset`.

    Raises ValueError for what Telegram would refuse.
    """

    offset: int
    limit: int

    def __post_init__(self) -> None:
        if self.offset < 0 or self.offset % _UNIT:
            raise ValueError(f"offset {self.offset} is no multiple of {_UNIT}")
        if self.limit < _UNIT or PAGE % self.limit:
            raise ValueError(f"limit {self.limit} does not divide {PAGE} or is below {_UNIT}")
        if self.offset // PAGE != (self.stop - 1) // PAGE:
            raise ValueError(f"[{self.offset}, {self.stop}) crosses a multiple of {PAGE}")

    @property
    def stop(self) -> int:
        """Offset behind the last byte asked for; the file may end before it."""
        return self.offset + self.limit


def next_chunk(offset: int, stop: int, previous: int, size: int) -> Chunk:
    """The request that brings the byte at `offset` of a range that ends before `stop`.

    `previous` is the largest limit sent for this range so far, 0 at its beginning; `size` the
    file's size. The chunk begins at or before `offset`; go on at its `stop`. Raises ValueError
    unless 0 <= offset < stop <= size.
    """
    if not 0 <= offset < stop <= size:
        raise ValueError(f"[{offset}, {stop}) is no range of {size} bytes")
    if previous < 0:
        raise ValueError(f"a chunk of {previous} bytes cannot have been sent")
    return _largest_block(offset - offset % GRANULE, stop, max(2 * previous, GRANULE))


def _largest_block(offset: int, stop: int, most: int) -> Chunk:
    """The largest block at `offset`, a multiple of GRANULE, within the rules of this module."""
    aligned = offset & -offset or PAGE  # the largest power of two that divides the offset
    remaining = -(-(stop - offset) // GRANULE) * GRANULE
    return Chunk(offset, _power_of_two_within(min(aligned, remaining, most, PAGE)))


def _power_of_two_within(number: int) -> int:
    """The largest power of two that is at most `number`, which is 1 or more."""
    return 1 << (number.bit_length() - 1)
