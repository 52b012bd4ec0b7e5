"""The thumbnails that are kept: so many bytes of them, the least recently asked for going first.

That there is none is kept, too, but not for long: what was wrong may have passed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from telpher.clock import Clock

# Some five hundred, of 20 to 60 kB each.
BYTES: Final = 16 << 20

# How many files without one are remembered, beside those with one.
MOST: Final = 10_000

SECONDS: Final = 3600.0
SECONDS_OF_NONE: Final = 300.0

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG, and a strong tag of its bytes (RFC 9110, 8.8.3)."""

    data: bytes
    tag: str

    @classmethod
    def of(cls, data: bytes) -> Thumbnail:
        """The thumbnail with these bytes."""
        return cls(data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a file; `thumbnail` is None where it has none."""

    thumbnail: Thumbnail | None
    until: float

    @property
    def weight(self) -> int:
        """How many bytes it holds."""
        return len(self.thumbnail.data) if self.thumbnail else 0


class Shelf:
    """See the module. Files are told apart by document id and size."""

    def __init__(self, clock: Clock, budget: int = BYTES, most: int = MOST) -> None:
        self._clock = clock
        self._budget = budget
        self._most = most
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def look(self, key: Key) -> Kept | None:
        """What is known; None where nothing is, or no longer."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._clock.monotonic() >= kept.until:
            self._remove(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def put(self, key: Key, thumbnail: Thumbnail | None) -> None:
        """Keeps it, or that there is none."""
        self._remove(key)
        seconds = SECONDS if thumbnail else SECONDS_OF_NONE
        self._kept[key] = kept = Kept(thumbnail, self._clock.monotonic() + seconds)
        self._bytes += kept.weight
        while self._bytes > self._budget or len(self._kept) > self._most:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        self._bytes -= kept.weight if kept else 0
