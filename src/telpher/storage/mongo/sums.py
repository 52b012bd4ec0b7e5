"""A tally as changes of documents: each is made if need be, then added to. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from pymongo import UpdateOne

from telpher.core.records import User
from telpher.core.tally import HourSum, LinkSum, UserSum
from telpher.storage.mongo import people
from telpher.storage.mongo.forms import date, moment
from telpher.storage.mongo.marks import Mark
from telpher.storage.mongo.server import Document

# The one document of the sums since the beginning.
ALL: Final = "all"

# Errors by key, a document in the document: keys are names of ours, without dots.
_SHOWN: Final = "shown"
_NUMBERS: Final = [field.name for field in dataclasses.fields(HourSum) if field.name != _SHOWN]


def of_user(mark: Mark, user_id: int, user: UserSum, served: LinkSum) -> list[UpdateOne]:
    """What somebody did, and what went out under their links."""
    key = {"id": user_id}
    added: Document = {
        "total_files": user.files,
        "total_batch_requests": user.batches,
        "total_streams": served.plays,
        "bytes_served": served.bytes_served,
    }
    if user.person is None:
        return [people.make_blank(user_id), mark.change(key, {"$inc": added})]
    first = date(user.first)
    seen: Document = {
        "$inc": added,
        "$min": {"join_date": first, "first_seen": first},
        "$set": {"blocked_bot": False},
    }
    return [
        people.make(User(user.person, user.first, user.first, user.seen), born=mark.born),
        people.begin(user_id, "join_date", user.first, born=mark.born),
        people.rename(user.person, user.seen),
        mark.change(key, seen),
    ]


def of_link(mark: Mark, link_id: int, link: LinkSum) -> list[UpdateOne]:
    """What became of a link that is there."""
    update: Document = {"$inc": {"plays": link.plays, "bytes_served": link.bytes_served}}
    if link.last_play:
        update["$max"] = {"last_play": date(link.last_play)}
    return [mark.change({"_id": link_id}, update)]


def of_day(mark: Mark, owner: int, day: int, count: int) -> list[UpdateOne]:
    """Bytes of an owner on a day."""
    key = {"_id": day_key(owner, day)}
    about = {"owner": owner, "day": moment(day)}
    return [there(key, about), mark.change(key, {"$inc": {"bytes_served": count}})]


def of_hour(mark: Mark, hour: int, total: HourSum) -> list[UpdateOne]:
    """What happened in an hour."""
    return _added(mark, {"_id": moment(hour)}, total)


def of_all(mark: Mark, hours: Mapping[int, HourSum]) -> list[UpdateOne]:
    """What happened at all."""
    total = HourSum()
    for hour in hours.values():
        total.add(hour)
    return _added(mark, {"_id": ALL}, total)


def day_key(owner: int, day: int) -> str:
    """Under what an owner's day is kept."""
    return f"{owner}/{day}"


def hour_of(document: Document) -> HourSum:
    """The sums that a document holds, of an hour or of all."""
    sums = {name: document.get(name, 0) for name in _NUMBERS}
    return HourSum(**sums, shown=dict(document.get(_SHOWN, {})))


def _added(mark: Mark, key: Document, total: HourSum) -> list[UpdateOne]:
    more: Document = {name: getattr(total, name) for name in _NUMBERS}
    more |= {f"{_SHOWN}.{each}": count for each, count in total.shown.items()}
    return [there(key, {}), mark.change(key, {"$inc": more})]


def there(key: Document, fields: Document) -> UpdateOne:
    """Makes a document that is counted in, unless it is there."""
    return UpdateOne(key, {"$setOnInsert": {"markers": {}, **fields}}, upsert=True)
