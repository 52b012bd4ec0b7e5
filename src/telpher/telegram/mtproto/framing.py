"""Packets cut out of a TCP stream, received straight into the memory they stay in.

Intermediate transport [/mtproto/mtproto-transports]: the client says TAG once; from then on each
packet is its length in four bytes, little-endian, and its bytes. A packet of four bytes is no
message but a transport error, a negative number such as -404.

The socket asks `room` where to receive to and tells `filled` how much has come:

    [ length ] -> [ packet ............................ | next length ] -> [ packet ...

The frame has room for the next length, so that no system call is spent on four bytes alone. The
memory is bounded by the length being checked before any is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

TAG: Final = b"\xee" * 4

_LENGTH: Final = 4

# An answer of 1 MiB, which is the most that may be asked for, its headers, at most 1 KiB of
# padding, and the small messages that may share its container.
MOST_FRAME: Final = (1 << 20) + (128 << 10)


def wrap(packet: bytes) -> bytes:
    """`packet` as it goes onto the wire."""
    return len(packet).to_bytes(_LENGTH, "little") + packet


class FrameReader:
    """One stream. `take` gives memory of the size it is called with."""

    def __init__(self, take: Callable[[int], memoryview], most: int = MOST_FRAME) -> None:
        self.broken = ""
        """Why the stream cannot be read on; empty while it can."""
        self._take = take
        self._most = most
        self._length = memoryview(bytearray(_LENGTH))
        self._into = self._length
        self._size = 0  # of the packet that is being received; 0: its length is
        self._filled = 0

    @property
    def missing(self) -> int:
        """Bytes until the packet that is being received is whole; 0 while there is none."""
        return self._size - self._filled if self._size else 0

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._into[self._filled :]

    def filled(self, count: int) -> memoryview | None:
        """`count` bytes have been received to `room`; the packet that they complete, if any."""
        self._filled += count
        if not self._size:
            self._begin_if_known()
            return None
        if self._filled < self._size:
            return None
        packet, rest = self._into[: self._size], self._into[self._size : self._filled]
        self._length[: len(rest)] = rest
        self._into, self._size, self._filled = self._length, 0, len(rest)
        self._begin_if_known()
        return packet

    def _begin_if_known(self) -> None:
        if self._filled < _LENGTH:
            return
        self._filled = 0
        size = int.from_bytes(self._length, "little")
        if not _LENGTH <= size <= self._most:
            self.broken = f"a packet of {size} bytes was announced"
            return
        self._size = size
        self._into = self._take(size + _LENGTH)
