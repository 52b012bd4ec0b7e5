"""Users as documents of the collection that the original bot has, too (product.md, rule 36).

Besides the rule's fields: `name_key`, `full_key` and `last_key` (what names are compared by),
`born` (which tally saw the user first), `visit` (storage/mongo/visits) and `markers`
(storage/mongo/ledger). A user who was never seen has no `join_date`.
"""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne

from telpher.core.model import Person
from telpher.core.records import User
from telpher.storage.mongo.forms import date, moment, read, seconds
from telpher.storage.mongo.server import Document
from telpher.storage.scalars import storable
from telpher.storage.search import keys_of


def user_of(document: Document) -> User:
    """The user a document speaks of, whoever wrote it."""
    return User(
        person=_person_of(document),
        join_date=seconds(document.get("join_date")),
        first_seen=seconds(document.get("first_seen")),
        last_seen=seconds(document.get("last_seen")),
        role=read(document, "role", "user"),
        banned=read(document, "banned", False),
        blocked_bot=read(document, "blocked_bot", False),
        total_streams=read(document, "total_streams", 0),
        total_files=read(document, "total_files", 0),
        total_batch_requests=read(document, "total_batch_requests", 0),
        bytes_served=read(document, "bytes_served", 0),
    )


def _person_of(document: Document) -> Person:
    return Person(
        user_id=read(document, "id", 0),
        first_name=read(document, "first_name", ""),
        last_name=read(document, "last_name", ""),
        username=read(document, "username", ""),
        language_code=read(document, "language_code", ""),
        is_premium=read(document, "is_premium", False),
        is_bot=read(document, "is_bot", False),
    )


def _named(person: Person) -> Document:
    username, full_name, last_name = keys_of(person)
    return {
        "username": storable(person.username),
        "first_name": storable(person.first_name),
        "last_name": storable(person.last_name),
        "language_code": storable(person.language_code),
        "is_premium": person.is_premium,
        "is_bot": person.is_bot,
        "name_key": username,
        "full_key": full_name,
        "last_key": last_name,
    }


def _whole(user: User) -> Document:
    times = {"join_date": user.join_date, "first_seen": user.first_seen}
    times["last_seen"] = user.last_seen
    return {
        # The same as the id, so that two cannot be made at once.
        "_id": user.person.user_id,
        **_named(user.person),
        # What is never is left out: `$min` would prefer null to any time.
        **{field: date(at) for field, at in times.items() if at},
        "role": storable(user.role),
        "banned": user.banned,
        "blocked_bot": user.blocked_bot,
        "total_streams": user.total_streams,
        "total_files": user.total_files,
        "total_batch_requests": user.total_batch_requests,
        "bytes_served": user.bytes_served,
    }


def make(user: User, **more: str) -> UpdateOne:
    """Makes the user, with `more` fields, unless there is one with that id."""
    fields = {**_whole(user), **more}
    return UpdateOne({"id": user.person.user_id}, {"$setOnInsert": fields}, upsert=True)


def make_blank(user_id: int, *, banned: bool = False) -> UpdateOne:
    """Makes somebody who was never seen, unless there is one with that id."""
    return make(User(Person(user_id, ""), 0.0, 0.0, 0.0, banned=banned))


def rename(person: Person, seen: float) -> UpdateOne:
    """Names as they were at `seen`, unless the user was seen later."""
    # Not "earlier", which would pass over who has never been seen.
    not_later = {"id": person.user_id, "last_seen": {"$not": {"$gt": moment(seen)}}}
    fields: dict[str, Any] = _named(person)
    if seen:
        fields["last_seen"] = date(seen)
    return UpdateOne(not_later, {"$set": fields})


def begin(user_id: int, field: str, at: float, **more: Any) -> UpdateOne:
    """Sets a time, and `more`, where there is none yet."""
    return UpdateOne({"id": user_id, field: None}, {"$set": {field: date(at), **more}})


def merge(user: User) -> list[UpdateOne]:
    """Makes the user; or brings in what is earlier, later, larger or worse. See UserStore.merge."""
    user_id = user.person.user_id
    changes = [make(user)]
    first = {"join_date": user.join_date, "first_seen": user.first_seen}
    first = {field: at for field, at in first.items() if at}
    changes += [begin(user_id, field, at) for field, at in first.items()]
    changes.append(rename(user.person, user.last_seen))
    marks = {"banned": user.banned, "blocked_bot": user.blocked_bot}
    larger: dict[str, Document] = {
        "$max": {
            "total_streams": user.total_streams,
            "total_files": user.total_files,
            "total_batch_requests": user.total_batch_requests,
            "bytes_served": user.bytes_served,
        },
        "$min": {field: date(at) for field, at in first.items()},
        "$set": {field: True for field, holds in marks.items() if holds},
    }
    given = {operator: fields for operator, fields in larger.items() if fields}
    return [*changes, UpdateOne({"id": user_id}, given)]
