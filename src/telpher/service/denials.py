"""What ends links before their time: the ids of those that are dead, and the epoch in force.

Asked for each request, so it is in memory and answers at once, whatever becomes of the database; it
is brought up to date by `revocations`. Ids are drawn at random, so their upper bits spread them
evenly over many short sorted rows: 16 bytes for each dead link, and putting one in among a million
moves a thousand at most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from telpher.core.records import Denial

_ID_BITS: Final = 63
_ROW_BITS: Final = 10
_ROWS: Final = 1 << _ROW_BITS


class Denials:
    """See the module. `epoch`: links of another one are dead, too."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self._rows = [_Row() for _ in range(_ROWS)]
        self._held: set[int] = set()
        self._next = 0

    def __contains__(self, link_id: int) -> bool:
        return self._row(link_id).find(link_id) is not None

    def __len__(self) -> int:
        return sum(len(row.link_ids) for row in self._rows)

    def deny(self, link_id: int) -> None:
        """A link is dead for good, even if the database does not know it yet."""
        self._held.add(link_id)
        self._row(link_id).put(link_id, 0)

    def restore(self, link_id: int, expires: int) -> None:
        """A link was dead when this was last written down."""
        self._row(link_id).put(link_id, expires)

    def take(self, changes: Iterable[Denial]) -> list[Denial]:
        """What the database says, oldest first; those of the changes that are news here."""
        return [each for each in changes if self._change(each)]

    def sweep(self, now: float) -> None:
        """Forgets some of the links that have expired, which refuses them as well. After as many
        calls as there are rows all of them were looked through."""
        self._rows[self._next].drop_expired(now)
        self._next = (self._next + 1) % _ROWS

    def _change(self, change: Denial) -> bool:
        row = self._row(change.link_id)
        if change.denied:
            self._held.discard(change.link_id)
            return row.put(change.link_id, change.expires)
        # What was revoked here, and is not known there yet, no pardon of its owner brings back.
        if change.link_id in self._held:
            return False
        return row.remove(change.link_id)

    def _row(self, link_id: int) -> _Row:
        return self._rows[link_id >> (_ID_BITS - _ROW_BITS) & (_ROWS - 1)]


class _Row:
    """Ids, ascending, and the expiry of each (Unix seconds, 0 for never)."""

    __slots__ = ("expires", "link_ids")

    def __init__(self) -> None:
        self.link_ids = array("Q")
        self.expires = array("Q")

    def find(self, link_id: int) -> int | None:
        """Its place."""
        place = bisect_left(self.link_ids, link_id)
        found = place < len(self.link_ids) and self.link_ids[place] == link_id
        return place if found else None

    def put(self, link_id: int, expires: int) -> bool:
        """True when that is news."""
        place = bisect_left(self.link_ids, link_id)
        if place < len(self.link_ids) and self.link_ids[place] == link_id:
            news = self.expires[place] != expires
            self.expires[place] = expires
            return news
        self.link_ids.insert(place, link_id)
        self.expires.insert(place, expires)
        return True

    def remove(self, link_id: int) -> bool:
        """True when that is news."""
        place = self.find(link_id)
        if place is None:
            return False
        del self.link_ids[place], self.expires[place]
        return True

    def drop_expired(self, now: float) -> None:
        """Forgets what nobody can use any more."""
        kept = [place for place, expires in enumerate(self.expires) if not 0 < expires <= now]
        if len(kept) < len(self.expires):
            self.link_ids = array("Q", [self.link_ids[place] for place in kept])
            self.expires = array("Q", [self.expires[place] for place in kept])
