"""Figures, times and people as the dashboard's pages show them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from telpher.core import display
from telpher.core.model import Person
from telpher.core.tally import DAY, HOUR

NEVER: Final = "-"

_MINUTE: Final = 60
_LONGEST_NAME: Final = 80

# Up to how many seconds a time is told in which unit; older ones are told as a date.
_UNITS: Final = ((90 * _MINUTE, _MINUTE, "min"), (36 * HOUR, HOUR, "h"), (14 * DAY, DAY, "days"))


@dataclass(frozen=True, slots=True)
class Shown:
    """`now` in Unix seconds."""

    now: float

    def number(self, count: float) -> str:
        """Whole, with its thousands apart, by a space that does not break."""
        return f"{round(count):,}".replace(",", "\u202f")

    def size(self, count: float) -> str:
        """Bytes."""
        return display.size(max(0, int(count)))

    def compact(self, count: float) -> str:
        """Bytes with three digits, four at most, for figures that change while one looks."""
        value, unit = self.size(count).split()
        whole = len(value.partition(".")[0])
        return f"{float(value):.{max(0, 3 - whole)}f} {unit}" if unit != "B" else f"{int(count)} B"

    def rate(self, count: float) -> str:
        """Bytes per second."""
        return f"{self.compact(count)}/s"

    def share(self, part: float, whole: float) -> str:
        """In per cent; of nothing there is none."""
        return self.part(part / whole if whole > 0 else None)

    def part(self, part: float | None) -> str:
        """From 0 to 1, in per cent."""
        return NEVER if part is None else f"{100 * part:.0f}\u202f%"

    def iso(self, at: float) -> str:
        """For machines."""
        return _utc(at, "%Y-%m-%dT%H:%M:%SZ")

    def time(self, at: float) -> str:
        """To the minute, in UTC."""
        return _utc(at, "%Y-%m-%d %H:%M")

    def ago(self, at: float) -> str:
        """How long since; of what is long past the day."""
        if at <= 0:
            return NEVER
        seconds = self.now - at
        if seconds < _MINUTE:
            return "just now"
        for most, unit, name in _UNITS:
            if seconds < most:
                return f"{round(seconds / unit)} {name} ago"
        return _utc(at, "%Y-%m-%d")

    def duration(self, seconds: float) -> str:
        """How long, by its two largest units."""
        minutes, hours, days = (int(seconds // each) for each in (_MINUTE, HOUR, DAY))
        if days:
            return f"{days} d {hours % 24} h"
        if hours:
            return f"{hours} h {minutes % 60} min"
        return f"{minutes} min" if minutes else f"{int(seconds)} s"

    def line(self, text: str, limit: int = _LONGEST_NAME) -> str:
        """What strangers chose, in one line."""
        return display.one_line(text, limit)

    def name(self, person: Person) -> str:
        """What somebody calls themselves; their id where that is nothing."""
        full = self.line(f"{person.first_name} {person.last_name}")
        return full or self.line(person.username) or str(person.user_id)


def _utc(at: float, form: str) -> str:
    """0 and what no calendar holds are never."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime(form) if at > 0 else NEVER
    except (OverflowError, ValueError, OSError):
        return NEVER
