"""Which bytes a request wants: Range and If-Range, RFC 9110 sections 13.1.5, 14.1 and 14.2.

    Range: bytes=0-499          the first 500 bytes
    Range: bytes=500-           all from byte 500 on
    Range: bytes=-500           the last 500 bytes
    Range: bytes=0-0, 9-        two ranges, in this order

Positions in the header are inclusive; everything in telpher is half-open, [start, stop).

A header goes through two sieves, and the difference is the point (RFC 9110, section 14.2):

    valid?        no  -> the header is ignored: Whole, 200. Never 400: players rely on that.
      |                  Another unit, anything but digits and one hyphen, 5-2 (the end before the
      | yes              beginning), nothing at all; one wrong range spoils the whole header.
    satisfiable?  no  -> Unsatisfiable, 416. No range begins inside the file, or the suffix is 0.
      | yes
    Single or Several: each end clamped to the file's, ranges that cannot be satisfied left out.

Ranges that overlap make the header void, too: Whole. Nobody needs a byte twice, and eight times the
whole film for one small request is what the section warns of.

Zero bytes have one special case. `bytes=0-` of an empty file is unsatisfiable, because byte 0 is
not there. `bytes=-5` is satisfiable ("if the selected representation is shorter than the specified
suffix-length, the entire representation is used", section 14.1.2), but no Content-Range can tell an
empty range; section 14.2 lets the server ignore Range there, so it is Whole.

Where we are laxer than the grammar: spaces and tabs around a range are skipped also behind `=`,
since a client that sends them means the range. Positions may have any number of digits.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from telpher.core import httpdate

# Players ask for one range, download tools for a few. Each range is a start of its own upstream, so
# a request for many is cheap to send and dear to serve: beyond this the header is ignored, as
# RFC 9110 section 14.2 advises.
MAX_RANGES = 8

# More digits than this are behind the end of any file (Telegram's end at 4 GB), and int() refuses
# some thousands of them.
_MAX_DIGITS = 18
_BEHIND_ALL = 10**_MAX_DIGITS

_SPEC = re.compile(r"([0-9]*)-([0-9]*)")


@dataclass(frozen=True, slots=True)
class Whole:
    """All of the file, as if there were no Range: 200."""


@dataclass(frozen=True, slots=True)
class Single:
    """The bytes [start, stop), one or more: 206, `Content-Range: bytes {start}-{stop-1}/{size}`."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Several:
    """Two ranges or more in the order asked for, none of them overlapping another: together never
    more than the file. 206 as multipart/byteranges."""

    ranges: tuple[Single, ...]


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """None of the ranges is in the file: 416, `Content-Range: bytes */{size}`."""


Requested = Whole | Single | Several | Unsatisfiable


def parse(header: str | None, size: int) -> Requested:
    """What `header`, the value of Range or None, asks of a file of `size` bytes. Never raises."""
    specs = _read(header) if header is not None else None
    if specs is None:
        return Whole()
    ranges = tuple(found for spec in specs if (found := spec.resolve(size)) is not None)
    if not ranges:
        return Whole() if size == 0 and _any_suffix(specs) else Unsatisfiable()
    if len(ranges) == 1:
        return ranges[0]
    return Whole() if _overlap(ranges) else Several(ranges)


def if_range(header: str | None, etag: str, last_modified: int | None) -> bool:
    """Whether Range holds; otherwise the whole file is sent.

    `header` is the value of If-Range or None, `etag` the file's strong tag with its quotes,
    `last_modified` its date in Unix seconds, None when it has none. A tag is compared strongly (a
    weak one never holds), a date exactly: later is as wrong as earlier.
    """
    if header is None:
        return True
    value = header.strip(" \t")
    if '"' in value[:3]:  # section 13.1.5: so a tag is told from a date
        return value == etag
    date = httpdate.read(value)
    return date is not None and date == last_modified


@dataclass(frozen=True, slots=True)
class _Spec:
    """One range as asked for: first-last, first- (`last` is None) or -last (`first` is None)."""

    first: int | None
    last: int | None

    def resolve(self, size: int) -> Single | None:
        """The part inside a file of `size` bytes, None when there is none."""
        if self.first is None:
            start, stop = max(size - (self.last or 0), 0), size
        else:
            start, stop = self.first, size if self.last is None else min(self.last + 1, size)
        return Single(start, stop) if start < stop else None


def _overlap(ranges: Iterable[Single]) -> bool:
    """Whether any two have a byte in common."""
    return any(
        second.start < first.stop
        for first, second in itertools.pairwise(sorted(ranges, key=lambda each: each.start))
    )


def _any_suffix(specs: Iterable[_Spec]) -> bool:
    """Whether one asks for the last n bytes, n > 0: satisfiable even where there are none."""
    return any(spec.first is None and spec.last for spec in specs)


def _read(header: str) -> list[_Spec] | None:
    """The ranges of a valid header, None for any other or for too many."""
    unit, _, text = header.strip(" \t").partition("=")
    if unit.lower() != "bytes":
        return None
    elements = [element for part in text.split(",") if (element := part.strip(" \t"))]
    if not 0 < len(elements) <= MAX_RANGES:
        return None
    specs = [spec for element in elements if (spec := _spec(element)) is not None]
    return specs if len(specs) == len(elements) else None


def _spec(element: str) -> _Spec | None:
    found = _SPEC.fullmatch(element)
    if found is None:
        return None
    first, last = found[1].lstrip("0"), found[2].lstrip("0")
    if not found[1]:
        return _Spec(None, _number(last)) if found[2] else None
    if not found[2]:
        return _Spec(_number(first), None)
    # Numbers without leading zeros order by length, then as text: exact for any number of digits.
    if (len(first), first) > (len(last), last):
        return None
    return _Spec(_number(first), _number(last))


def _number(digits: str) -> int:
    """The value of `digits` (none: 0), or a number that is behind the end of every file."""
    return int(digits or "0") if len(digits) <= _MAX_DIGITS else _BEHIND_ALL
