"""A file whose bytes come from the server, and of which only so much may be read.

The server has limits of its own, which hold whatever this process does. These are for a well-meant
search that would cost too much: it is told so while there is still something left for another way.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from telpher.thumbnails import wire


class RationSpentError(Exception):
    """What is wanted costs more than it is worth."""


class RationedFile:
    """What FFmpeg reads from. Only `read` waits. `spent`: more was wanted than the last ration."""

    def __init__(self, size: int, to_server: BinaryIO, from_server: BinaryIO) -> None:
        self._size = size
        self._to = to_server
        self._from = from_server
        self._position = 0
        self._read_until = 0
        self._jumps = self._bytes = 0
        self.spent = False

    def ration(self, jumps: int, count: int) -> None:
        """From now on so many reads elsewhere than behind the last one, and so many bytes."""
        self._jumps, self._bytes, self.spent = jumps, count, False

    def read(self, count: int) -> bytes:
        """Up to `count` bytes from the position on; none at the end. Raises RationSpentError."""
        count = min(count, wire.BLOCK, self._size - self._position)
        if count <= 0:
            return b""
        self._spend(count)
        self._to.write(wire.WANT + wire.RANGE.pack(self._position, count))
        self._to.flush()
        (given,) = wire.COUNT.unpack(self._exactly(wire.COUNT.size))
        self._position = self._read_until = self._position + given
        return self._exactly(given)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The position from now on, which may be anywhere."""
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, begin + offset)
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def _spend(self, count: int) -> None:
        self._jumps -= self._position != self._read_until
        self._bytes -= count
        if self._jumps < 0 or self._bytes < 0:
            self.spent = True
            raise RationSpentError

    def _exactly(self, count: int) -> bytes:
        data = self._from.read(count)
        if len(data) < count:
            raise EOFError("the server has gone")
        return data
