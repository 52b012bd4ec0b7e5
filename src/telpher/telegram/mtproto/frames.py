"""Memory for packets: from a pool where the C extension is there, else new for each packet.

_frames.c says why a pool, why its memory cannot be reused too early, and why it is mapped and not
taken from a heap. Without the extension packets are mapped too, which the same rule keeps alive;
small ones are bytearrays.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, cast

# What is kept while free, for all bots together. As much as is under way to one of them from one
# data centre at most (engine.md, "Window"): between a block's eviction and the packet that its room
# was made for.
KEPT: Final = 16 << 20

# Smaller packets bring no chunk of a file: any memory will do (_frames.c, SMALLEST).
_MAPPED_FROM: Final = 64 << 10


class Extension(Protocol):
    """_frames.c."""

    def Pool(self, limit: int) -> Any:
        """A pool that keeps `limit` bytes while free; `take(size)` gives a writable buffer."""


def load_extension() -> Extension:
    """Raises ImportError if it was not built."""
    return cast(Extension, import_module("telpher.telegram.mtproto._frames"))


class Frames:
    """Where packets get their memory; `pooled` says whether it is reused."""

    def __init__(self, kept: int = KEPT, load: Callable[[], Extension] = load_extension) -> None:
        self._take: Callable[[int], Any]
        try:
            self._take = load().Pool(kept).take
            self.pooled = True
        except ImportError:
            self._take = _unpooled
            self.pooled = False

    def take(self, size: int) -> memoryview:
        """`size` writable bytes, whatever is in them, free again with the last view of them."""
        return memoryview(self._take(size))


def _unpooled(size: int) -> mmap.mmap | bytearray:
    if size < _MAPPED_FROM:
        return bytearray(size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
