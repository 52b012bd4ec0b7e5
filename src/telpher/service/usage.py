"""What is played, counted; and how much of it one user's links may give in a day (DAILY_QUOTA_GB).

The quota goes by what the database says of today, asked for once in a while, and by what went out
here since: whoever is above it is refused with the next request, what is under way goes on. Where
it is not known whose link it is, and while the database says nothing, only what went out here
counts: a limit is no reason to let a film wait.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from telpher.clock import Clock
from telpher.core.model import FileInfo, MessageRef, Viewer
from telpher.core.tally import DAY, BytesServed, PlayBegun
from telpher.errors import QuotaSpentError, StorageError
from telpher.service.people import Notes
from telpher.service.register import Register

# Seconds for which the database's figure is believed: other processes serve the same links.
BELIEVED: Final = 1.0

# Owners whose day is remembered; of others the database is asked again.
MOST_KNOWN: Final = 10_000


class Census(Protocol):
    """Who can find out what goes on at other instances; neither fails nor takes long."""

    async def look(self, owner: int) -> None: ...


class DayBook(Protocol):
    """Of a Ledger the one thing needed here."""

    async def used(self, owner: int, day: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes a day of one user's links, 0 for any number; `by_owner` when anything else depends on
    whose link it is."""

    daily: int = 0
    by_owner: bool = False


@dataclass(slots=True)
class _Day:
    """What went out on a day, as far as is known; `asked` (monotonic) is when the database was."""

    first_second: int
    count: int = 0
    asked: float = float("-inf")


class Usage:
    """See the module."""

    def __init__(
        self,
        notes: Notes,
        register: Register,
        days: DayBook,
        clock: Clock,
        allowance: Allowance,
        census: Census | None = None,
    ) -> None:
        self._notes = notes
        self._register = register
        self._days = days
        self._clock = clock
        self._allowance = allowance
        self._census = census
        self._known: OrderedDict[int, _Day] = OrderedDict()

    async def admit(self, link_id: int) -> int | None:
        """Whose link it is, None when that is not known or does not matter.

        Raises QuotaSpentError when it gave too much today.
        """
        if not self._allowance.daily and not self._allowance.by_owner:
            return None
        owner = await self._register.owner_of(link_id)
        if owner and self._allowance.daily:
            await self._check(owner)
        if owner and self._allowance.by_owner and self._census is not None:
            await self._census.look(owner)
        return owner or None

    def begun(self, viewer: Viewer, ref: MessageRef, info: FileInfo) -> None:
        """A play began."""
        at = self._clock.now()
        self._notes.note(PlayBegun(viewer.link_id, info.document_id, ref, info.name, info.size, at))

    def served(self, viewer: Viewer, info: FileInfo, count: int) -> None:
        """So many bytes more went out."""
        self._notes.note(BytesServed(viewer.link_id, info.document_id, count, self._clock.now()))
        if viewer.owner is not None and self._allowance.daily:
            self._today(viewer.owner).count += count

    async def _check(self, owner: int) -> None:
        day = self._today(owner)
        if self._clock.monotonic() - day.asked >= BELIEVED:
            day.asked = self._clock.monotonic()
            try:
                said = await self._days.used(owner, day.first_second)
            except StorageError:
                pass  # a film does not wait for it
            else:
                # What went out a moment ago is here already, but not there.
                day.count = max(day.count, said)
        if day.count >= self._allowance.daily:
            left = day.first_second + DAY - self._clock.now()
            raise QuotaSpentError(f"{day.count} bytes of one user's links today", int(left) + 1)

    def _today(self, owner: int) -> _Day:
        first_second = int(self._clock.now()) // DAY * DAY
        day = self._known.get(owner)
        if day is None or day.first_second != first_second:
            day = self._known[owner] = _Day(first_second)
        self._known.move_to_end(owner)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return day
