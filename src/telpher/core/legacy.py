"""People as the original bot kept them, read with a generous eye (rule 39). Pure.

A record is an object of JSON or a document of MongoDB. Its fields have gone by several names, in
any case and with or without underscores; numbers may be texts, times may be texts, numbers or
dates, and exports of MongoDB wrap both ({"$numberLong": "7"}, {"$date": ...}). Only a record that
does not say who it is about is unreadable; what else cannot be understood is passed over, by name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from telpher.core.model import Person
from telpher.core.records import User

_T = TypeVar("_T")

# Telegram's ids have at most 52 bits [core.telegram.org/bots/api#user].
_MOST_ID: Final = 1 << 52
_MOST_COUNT: Final = (1 << 63) - 1
_MOST_TEXT: Final = 256

# A number of seconds above this would be in the year 5138: it counts milliseconds, or, above the
# next, microseconds.
_MILLISECONDS: Final = 1e11
_MICROSECONDS: Final = 1e14

# Telegram's first bots; anything before is a mistake, such as 0.
_EARLIEST: Final = datetime(2013, 1, 1, tzinfo=UTC).timestamp()
_DAY: Final = 86400.0

_YES: Final = frozenset({"true", "yes", "1", "y", "on"})
_NO: Final = frozenset({"false", "no", "0", "n", "off", "", "none", "null"})

# In the order of trust; what follows the first that can be read is not looked at.
_ID: Final = ("userid", "telegramid", "tgid", "uid", "id", "_id", "chatid")
_FIRST_NAME: Final = ("firstname", "first", "name", "fullname")
_LAST_NAME: Final = ("lastname", "last")
_USERNAME: Final = ("username", "usernametag")
_LANGUAGE: Final = ("languagecode", "language", "lang")
_PREMIUM: Final = ("ispremium", "premium")
_ROLE: Final = ("role",)
_BANNED: Final = ("banned", "isbanned", "ban", "banstatus")
_BLOCKED: Final = ("blockedbot", "isblocked", "blocked", "botblocked")
_JOINED: Final = ("joindate", "joined", "joinedat", "joinedon", "createdat", "created", "date")
_FIRST_SEEN: Final = ("firstseen", "firstactivity")
_LAST_SEEN: Final = ("lastseen", "lastactive", "lastactivity", "lastused", "updatedat", "updated")
_STREAMS: Final = ("totalstreams", "streams", "streamcount", "totallinks")
_FILES: Final = ("totalfiles", "files", "filecount", "filesshared")
_BATCHES: Final = ("totalbatchrequests", "batchrequests", "totalbatches", "batches", "batchcount")
_BYTES: Final = ("bytesserved", "totalbytes", "totalbytesserved", "bandwidth", "bandwidthused")


class UnreadableError(ValueError):
    """The record does not say who it is about; the text says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody, and the names of the fields that were not understood."""

    user: User
    passed_over: tuple[str, ...] = ()


def read(record: object, key: str | None, now: float) -> Reading:
    """Whom `record` is about; `key` is under which it stood, if anything.

    A number or a text by itself is an id. Raises UnreadableError.
    """
    if not isinstance(record, Mapping):
        record = {"id": record} if key is None else {}
    fields = _Fields(record, now)
    user_id = _user_id(fields, key)
    first_name = fields.get(_FIRST_NAME, _text, "")
    person = Person(
        user_id=user_id,
        first_name=first_name,
        last_name=fields.get(_LAST_NAME, _text, ""),
        username=fields.get(_USERNAME, _text, "").removeprefix("@"),
        language_code=fields.get(_LANGUAGE, _text, ""),
        is_premium=fields.get(_PREMIUM, _flag, False),
    )
    joined = fields.get(_JOINED, fields.time, 0.0)
    first_seen = fields.get(_FIRST_SEEN, fields.time, 0.0)
    last_seen = fields.get(_LAST_SEEN, fields.time, 0.0)
    known = [each for each in (joined, first_seen, last_seen) if each]
    begun = min(known, default=now)
    user = User(
        person=person,
        join_date=joined or begun,
        first_seen=first_seen or begun,
        last_seen=last_seen or max(known, default=0.0),
        role=fields.get(_ROLE, _text, "") or "user",
        banned=fields.get(_BANNED, _flag, False),
        blocked_bot=fields.get(_BLOCKED, _flag, False),
        total_streams=fields.get(_STREAMS, _count, 0),
        total_files=fields.get(_FILES, _count, 0),
        total_batch_requests=fields.get(_BATCHES, _count, 0),
        bytes_served=fields.get(_BYTES, _count, 0),
    )
    return Reading(user, tuple(fields.passed_over))


def says_who(record: Mapping[str, Any]) -> bool:
    """Whether `record` is about somebody."""
    try:
        _user_id(_Fields(record, 0.0), None)
    except UnreadableError:
        return False
    return True


def merged(one: User, other: User) -> User:
    """Two records of the same person as one, as UserStore.merge would have it."""
    older, newer = (one, other) if one.last_seen <= other.last_seen else (other, one)
    return dataclasses.replace(
        newer,
        join_date=min(one.join_date, other.join_date),
        first_seen=min(one.first_seen, other.first_seen),
        banned=one.banned or other.banned,
        blocked_bot=one.blocked_bot or other.blocked_bot,
        role=newer.role if newer.role != "user" else older.role,
        total_streams=max(one.total_streams, other.total_streams),
        total_files=max(one.total_files, other.total_files),
        total_batch_requests=max(one.total_batch_requests, other.total_batch_requests),
        bytes_served=max(one.bytes_served, other.bytes_served),
    )


class _Fields:
    """A record's fields by their plain names."""

    def __init__(self, record: Mapping[Any, Any], now: float) -> None:
        self._values = {_plain(str(name)): _unwrapped(value) for name, value in record.items()}
        self._now = now
        self.passed_over: list[str] = []

    def get(self, names: tuple[str, ...], read: Callable[[Any], _T | None], default: _T) -> _T:
        """The first of these fields that can be read."""
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            found = read(value)
            if found is not None:
                return found
            self.passed_over.append(name)
        return default

    def time(self, value: Any) -> float | None:
        """Unix seconds, not before Telegram had bots, nor in the future."""
        found = _time(value)
        if found is None or not _EARLIEST <= found <= self._now + _DAY:
            return None
        return min(found, self._now)


def _user_id(fields: _Fields, key: str | None) -> int:
    tried: list[str] = []

    def whole(value: Any) -> int | None:
        number = _integer(value)
        if number is not None and 0 < number < _MOST_ID:
            return number
        tried.append(repr(value)[:40])
        return None

    found = fields.get(_ID, whole, 0) or (key is not None and whole(key)) or 0
    # An id of the database's own (ObjectId) beside the user's is not worth a word.
    fields.passed_over.clear()
    if not found:
        raise UnreadableError(f"not a user's id: {tried[0]}" if tried else "it has no user id")
    return found


def _plain(name: str) -> str:
    """ "userId", "user_id" and "USER-ID" are one; "_id" stays itself."""
    if name == "_id":
        return name
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _unwrapped(value: Any) -> Any:
    """What MongoDB's export has put into an object by itself."""
    if isinstance(value, Mapping) and len(value) == 1:
        (name, inner) = next(iter(value.items()))
        if str(name).startswith("$"):
            return _unwrapped(inner)
    return value


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}(\.0)?", value.strip()):
        return int(value.strip().removesuffix(".0"))
    return None


def _count(value: Any) -> int | None:
    number = _integer(value)
    return number if number is not None and 0 <= number <= _MOST_COUNT else None


def _text(value: Any) -> str | None:
    return value.strip()[:_MOST_TEXT] if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, Mapping):  # {"is_banned": true, "reason": ...}
        return any(_plain(str(name)) in _BANNED and _flag(inner) for name, inner in value.items())
    if isinstance(value, bool | int | float):
        return bool(value)
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _time(value: Any) -> float | None:
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            return _timestamp(_date(text))
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value > _MICROSECONDS:
        return value / 1e6
    return value / 1e3 if value > _MILLISECONDS else float(value)


def _date(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text.removesuffix(" UTC"))
        except (ValueError, TypeError, IndexError):
            continue
    return None


def _timestamp(date: datetime | None) -> float | None:
    """Without a time zone it is UTC."""
    if date is None:
        return None
    try:
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
