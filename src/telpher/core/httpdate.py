"""HTTP-date, RFC 9110 section 5.6.7: one form is written, three are read.

    Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate, what we write
    Sunday, 06-Nov-94 08:49:37 GMT     obsolete, RFC 850
    Sun Nov  6 08:49:37 1994           obsolete, asctime()

The names are English whatever the machine's locale, hence no strftime here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DAY = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = (
    re.compile(f"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(f"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(f"{_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)

# A year of two digits says no century. RFC 9110 would have 50 years from today as the border; POSIX
# has this fixed one, which needs no clock and differs only for dates no file here can bear.
_PIVOT = 69


def write(seconds: int) -> str:
    """The IMF-fixdate of Unix time `seconds`. ValueError outside the years 1 to 9999."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("a date outside the years 1 to 9999") from error
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def read(text: str) -> int | None:
    """Unix seconds, or None for what is no HTTP-date. The day's name is not checked."""
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _seconds(found)
    return None


def _seconds(found: re.Match[str]) -> int | None:
    year = int(found["year"])
    if len(found["year"]) == 2:  # RFC 850's form
        year += 1900 if year >= _PIVOT else 2000
    try:
        moment = datetime(
            year,
            _MONTHS.index(found["month"]) + 1,
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            int(found["second"]),
            tzinfo=UTC,
        )
    except ValueError:  # 31 February, 25 o'clock
        return None
    return int(moment.timestamp())
