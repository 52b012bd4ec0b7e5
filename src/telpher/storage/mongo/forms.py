"""Single values as MongoDB keeps them, and back.

Times are BSON's UTC dates, to the millisecond; null is "never". What the original bot or somebody's
script wrote may lack any field or hold another type: reading never fails, it takes the default.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from bson.datetime_ms import DatetimeMS

_T = TypeVar("_T", str, int, bool)

# The years 1 and 9999: other programs' dates hold no more.
_FIRST: Final = datetime.min.replace(tzinfo=UTC).timestamp()
_LAST: Final = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


def date(at: float) -> DatetimeMS | None:
    """Unix seconds as a date; None for 0.

    Rounding keeps the order, and is the same for what is stored and what it is compared with.
    """
    return moment(at) if at else None


def moment(at: float) -> DatetimeMS:
    """The same where 0 is a time like any other: for comparing."""
    return DatetimeMS(round(min(max(at, _FIRST), _LAST) * 1000))


def seconds(value: Any) -> float:
    """A date as Unix seconds; also a number or ISO 8601 text, and 0 for anything else."""
    match value:
        case DatetimeMS():
            return int(value) / 1000
        case bool():
            return 0.0
        case int() | float():
            return float(value)
        case str():
            return _parsed(value)
        case _:
            return 0.0


def _parsed(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def read(document: dict[str, Any], field: str, default: _T) -> _T:
    """The field, where it has the type of `default`; whole numbers may have come as others."""
    value = document.get(field)
    if isinstance(default, bool) or isinstance(value, bool):
        return value if isinstance(value, bool) and isinstance(default, bool) else default
    if isinstance(default, int) and isinstance(value, float) and value.is_integer():
        return type(default)(value)
    return value if isinstance(value, type(default)) else default
