"""A tally as rows: one sum each, under a kind and a number, as JSON; and back. Pure.

A sum that was written by another version is read as far as it goes: fields that are unknown are
passed over, fields that are missing have their defaults. What cannot be read at all is None.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from telpher.core.records import LinkRecord
from telpher.core.tally import FileSum, HourSum, LinkSum, Tally, UserSum

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Kind(IntEnum):
    """What a row speaks of, in the order of delivery: links before what is counted for them."""

    MADE = 0
    REVOKED = 1
    USER = 2
    LINK = 3
    FILE = 4
    HOUR = 5


Key = tuple[Kind, int]
Sum = LinkRecord | float | UserSum | LinkSum | FileSum | HourSum

_FORMS: Final[dict[Kind, TypeAdapter[Any]]] = {
    Kind.MADE: TypeAdapter(LinkRecord),
    Kind.REVOKED: TypeAdapter(float),
    Kind.USER: TypeAdapter(UserSum),
    Kind.LINK: TypeAdapter(LinkSum),
    Kind.FILE: TypeAdapter(FileSum),
    Kind.HOUR: TypeAdapter(HourSum),
}


def parts(tally: Tally) -> Iterator[tuple[Key, Sum]]:
    """The sums of `tally`, one by one."""
    for record in tally.made:
        yield (Kind.MADE, record.link_id), record
    for link_id, at in tally.revoked.items():
        yield (Kind.REVOKED, link_id), at
    for user_id, user in tally.users.items():
        yield (Kind.USER, user_id), user
    for link_id, link in tally.links.items():
        yield (Kind.LINK, link_id), link
    for document_id, file in tally.files.items():
        yield (Kind.FILE, document_id), file
    for hour, total in tally.hours.items():
        yield (Kind.HOUR, hour), total


def whole(rows: Iterable[tuple[Key, Sum]]) -> Tally:
    """The tally that consists of `rows`."""
    tally = Tally()
    for (_, number), value in rows:
        match value:
            case LinkRecord():
                tally.made.append(value)
            case UserSum():
                tally.users[number] = value
            case LinkSum():
                tally.links[number] = value
            case FileSum():
                tally.files[number] = value
            case HourSum():
                tally.hours[number] = value
            case float():
                tally.revoked[number] = value
    return tally


def added(before: Sum | None, more: Sum) -> Sum:
    """`before` with `more` taken in. A link that was made, or revoked, is so only once."""
    match before:
        case None:
            return more
        case UserSum() if isinstance(more, UserSum):
            before.add(more)
        case LinkSum() if isinstance(more, LinkSum):
            before.add(more)
        case FileSum() if isinstance(more, FileSum):
            before.add(more)
        case HourSum() if isinstance(more, HourSum):
            before.add(more)
    return before


def write(value: Sum) -> bytes:
    """`value` as JSON in UTF-8; halves of characters, which a name may have, as "?"."""
    plain = value if isinstance(value, float | int) else dataclasses.asdict(value)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def read(key: Key, text: bytes) -> Sum | None:
    """What `write` wrote; None, and a word in the log, for something else."""
    try:
        value: Sum = _FORMS[key[0]].validate_json(text)
    except ValidationError as error:
        _log.error("a counter on disk cannot be read", kind=key[0].name, problem=error.title)
        return None
    return value
