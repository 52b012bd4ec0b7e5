"""Spans of time that are counted in: hours, days, weeks from Monday, months; all of them UTC.

How many different people (or files) there were in a span is counted without remembering who: each
carries the hour of its last visit, and counts for the spans that have begun since. That is exact as
long as visits are told in order; one that is told after a later one counts for no span gone by.
Pure.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Final

from telpher.core.tally import DAY, HOUR

_WEEK: Final = 7 * DAY
# The first Monday, 1970-01-05.
_MONDAY: Final = 4 * DAY

# The years 1 and 9999: a clock that is far off costs a wrong month, no error.
_FIRST: Final = int(datetime.datetime.min.replace(tzinfo=datetime.UTC).timestamp())
_LAST: Final = int(datetime.datetime.max.replace(microsecond=0, tzinfo=datetime.UTC).timestamp())


class Span(StrEnum):
    """How long; the value is what databases know it by."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Start = tuple[Span, int]
"""A span, and its first second."""


def start_of(span: Span, at: float) -> int:
    """The first second of the span that `at` (Unix seconds) is in."""
    second = int(at // 1)
    match span:
        case Span.HOUR:
            return second // HOUR * HOUR
        case Span.DAY:
            return second // DAY * DAY
        case Span.WEEK:
            return (second - _MONDAY) // _WEEK * _WEEK + _MONDAY
        case Span.MONTH:
            return _month(second)


def entered(before: float, at: float) -> list[Start]:
    """The spans that a visit at `at` counts for, the one before having been at `before`, 0 for
    none."""
    starts = [(span, start_of(span, at)) for span in Span]
    return [(span, start) for span, start in starts if not before or before < start]


def _month(second: int) -> int:
    found = datetime.datetime.fromtimestamp(min(max(second, _FIRST), _LAST), datetime.UTC)
    return int(found.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())
