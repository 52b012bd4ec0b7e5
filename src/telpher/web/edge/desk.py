"""Tickets: which play nginx is sending bytes for."""

from __future__ import annotations

import secrets
import string
from collections import OrderedDict
from typing import Final, Protocol

from telpher.clock import Clock

# A ticket's first character names the worker that has issued it, of 64 at most.
_NUMBERS: Final = string.ascii_letters + string.digits + "-_"

# Answers that nginx sends at once, at most; of more, the oldest are no longer counted.
MOST: Final = 100_000

# Seconds after which an answer is over although no line of the log said so: nginx was killed.
LONGEST: Final = 6 * 3600.0


class Attendance(Protocol):
    """A place in a play."""

    def served(self, count: int) -> None:
        """So many bytes went out."""
        ...

    def leave(self) -> None:
        """The answer is over."""
        ...


class Desk:
    """See the module."""

    def __init__(self, clock: Clock, number: int = 0) -> None:
        """`number` is this worker's."""
        self._clock = clock
        self._number = number
        self._held: OrderedDict[str, tuple[Attendance, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def issue(self, attendance: Attendance) -> str:
        """A ticket for one answer."""
        now = self._clock.monotonic()
        while self._held:
            oldest, (left, since) = next(iter(self._held.items()))
            if len(self._held) < MOST and now - since < LONGEST:
                break
            del self._held[oldest]
            left.leave()
        ticket = _NUMBERS[self._number] + secrets.token_urlsafe(16)[1:]
        self._held[ticket] = attendance, now
        return ticket

    def settle(self, ticket: str, count: int) -> None:
        """The answer with that ticket is over, and so many bytes of it went out. Unknown tickets
        are nobody's: forged, of before a restart, or another instance's."""
        held = self._held.pop(ticket, None)
        if held is None:
            return
        attendance, _ = held
        if count:
            attendance.served(count)
        attendance.leave()


def issuer(ticket: str) -> int:
    """The number of the worker that has issued it, or would have."""
    return _NUMBERS.index(ticket[0])
