"""Collections and indexes, and what is made good once before they are used.

`users` is the original bot's collection, shared with it: same fields, `id` unique. The others have
a prefix, so that they meet nobody's in a database that several programs use.

`prepare` is run at the first contact after every start, in the background, because on a large
collection of the original's it takes minutes; until then lists may be slow or short, nothing else.
It may be run again and by several instances at once:

    duplicates   the original wrote a new document for each /start: they become one, with the
                 earliest and the latest times, the larger totals and any ban
    types        dates that are texts or Unix seconds become dates, sums become numbers; who has no
                 date of joining gets the next best; the keys of names are added, and to files
                 that were played the date when they were first known
    indexes      what is there under the same name with other options is left alone
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from bson.datetime_ms import DatetimeMS
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure

from telpher.storage.mongo.server import Collection, Collections, Document

USERS: Final = "users"
LINKS: Final = "telpher.links"
FILES: Final = "telpher.files"
HOURS: Final = "telpher.hours"
DAYS: Final = "telpher.days"
TOTALS: Final = "telpher.totals"
WRITERS: Final = "telpher.writers"
PLAYLISTS: Final = "telpher.playlists"
JOBS: Final = "telpher.jobs"
LEASES: Final = "telpher.leases"
SESSIONS: Final = "telpher.sessions"
DIALOGUES: Final = "telpher.dialogues"
VALUES: Final = "telpher.values"
COPIES: Final = "telpher.copies"
COUNTERS: Final = "telpher.counters"
ACTIVITY: Final = "telpher.activity"
TOKENS: Final = "telpher.tokens"

_EPOCH: Final = DatetimeMS(0)

# All else is found by `_id`, which has its index already.
INDEXES: Final[dict[str, list[IndexModel]]] = {
    USERS: [
        IndexModel([("join_date", DESCENDING), ("id", DESCENDING)]),
        IndexModel([("last_seen", DESCENDING)]),
        IndexModel([("name_key", ASCENDING), ("last_seen", DESCENDING)]),
        # People who are looked for, by the beginnings of their names.
        IndexModel([("name_key", ASCENDING), ("id", ASCENDING)]),
        IndexModel([("full_key", ASCENDING), ("id", ASCENDING)]),
        IndexModel([("last_key", ASCENDING), ("id", ASCENDING)]),
        # A broadcast's audience is read from the index alone.
        IndexModel([("id", ASCENDING), ("banned", ASCENDING), ("blocked_bot", ASCENDING)]),
        # Counted without the many to whom neither applies.
        IndexModel([("banned", ASCENDING)], partialFilterExpression={"banned": True}),
        IndexModel([("blocked_bot", ASCENDING)], partialFilterExpression={"blocked_bot": True}),
    ],
    LINKS: [
        IndexModel(
            [
                ("owner", ASCENDING),
                ("revoked", ASCENDING),
                ("created", DESCENDING),
                ("_id", DESCENDING),
            ]
        ),
        IndexModel(
            [("changed", ASCENDING), ("_id", ASCENDING)],
            partialFilterExpression={"changed": {"$gt": _EPOCH}},
        ),
        IndexModel([("playlist", ASCENDING)], partialFilterExpression={"playlist": {"$gt": ""}}),
        IndexModel([("owner", ASCENDING), ("owner_banned", ASCENDING)]),
        IndexModel([("revoked", ASCENDING), ("created", DESCENDING), ("_id", DESCENDING)]),
        IndexModel(
            [
                ("document_id", ASCENDING),
                ("revoked", ASCENDING),
                ("created", DESCENDING),
                ("_id", DESCENDING),
            ]
        ),
    ],
    # A search looks at the keys in the index, and at the files only that it found.
    FILES: [
        IndexModel([("plays", DESCENDING), ("_id", DESCENDING), ("file_key", ASCENDING)]),
        IndexModel([("created", DESCENDING), ("_id", DESCENDING), ("file_key", ASCENDING)]),
        IndexModel([("last_play", DESCENDING)]),
    ],
    ACTIVITY: [
        IndexModel([("span", ASCENDING), ("start", ASCENDING)]),
        IndexModel([("start", ASCENDING)]),
    ],
    DAYS: [IndexModel([("day", ASCENDING)])],
    WRITERS: [IndexModel([("at", DESCENDING)])],
    JOBS: [
        IndexModel([("kind", ASCENDING), ("created", DESCENDING), ("_id", DESCENDING)]),
        IndexModel(
            [("kind", ASCENDING), ("state", ASCENDING), ("created", ASCENDING), ("_id", ASCENDING)]
        ),
    ],
    TOKENS: [IndexModel([("created", DESCENDING), ("_id", DESCENDING)])],
    DIALOGUES: [IndexModel([("expires", ASCENDING)])],
    COPIES: [
        IndexModel([("turn", ASCENDING)], partialFilterExpression={"turn": {"$gt": 0}}),
        IndexModel(
            [("chat_id", ASCENDING), ("turn", ASCENDING)],
            partialFilterExpression={"turn": {"$gt": 0}},
        ),
    ],
}

UNIQUE_ID: Final = IndexModel([("id", ASCENDING)], unique=True)

# IndexOptionsConflict and IndexKeySpecsConflict: there is one like it.
_THERE_ALREADY: Final = frozenset({85, 86})

# Not a document of something else.
_USER: Final[Document] = {"id": {"$exists": True}}

_DATES: Final = ("join_date", "first_seen", "last_seen")
_SUMS: Final = ("total_streams", "total_files", "total_batch_requests", "bytes_served")
_AS_SUM: Final = {"to": "long", "onError": 0, "onNull": 0}

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def prepare(collections: Collections) -> None:
    """All of the above. Raises PyMongoError."""
    users = collections[USERS]
    if await users.find_one({}, {"_id": True}):
        await _mend_types(users)
    for name, indexes in INDEXES.items():
        await _make(collections[name], indexes)
    await _date_files(collections[FILES])
    await _make_unique(users)


async def _make(collection: Collection, indexes: list[IndexModel]) -> None:
    try:
        await collection.create_indexes(indexes)
    except OperationFailure as error:
        if error.code not in _THERE_ALREADY:
            raise
        await _make_each(collection, indexes)


async def _make_each(collection: Collection, indexes: list[IndexModel]) -> None:
    for index in indexes:
        try:
            await collection.create_indexes([index])
        except OperationFailure as error:
            if error.code not in _THERE_ALREADY:
                raise
            _log.info("an index is there with other options", index=index.document["name"])


async def _mend_types(users: Collection) -> None:
    others = [{field: {"$exists": True, "$not": {"$type": "number"}}} for field in _SUMS]
    numbers = {field: {"$convert": {"input": f"${field}", **_AS_SUM}} for field in _SUMS}
    await _set(users, {"$or": others}, numbers)
    await _set(users, {"name_key": None}, {"name_key": {"$toLower": "$username"}})
    # Good for what is plain already; whoever is seen gets the rest of it.
    full = {"$toLower": {"$concat": [_text("first_name"), " ", _text("last_name")]}}
    keys = {"full_key": {"$trim": {"input": full}}, "last_key": {"$toLower": _text("last_name")}}
    await _set(users, {"full_key": None}, keys)
    for field in _DATES:
        text = {"$dateFromString": {"dateString": f"${field}", "onError": None}}
        await _set(users, {field: {"$type": "string"}}, {field: text})
        milliseconds = {"$toLong": {"$multiply": [f"${field}", 1000]}}
        await _set(users, {field: {"$type": "number"}}, {field: {"$toDate": milliseconds}})
        # `$min` would prefer null to any time; what is absent gives way.
        await users.update_many({**_USER, field: {"$type": "null"}}, {"$unset": {field: ""}})
    # The original's documents have such ids, which say when they were made.
    undated: Document = {"join_date": None, "_id": {"$type": "objectId"}}
    next_best = {"$ifNull": ["$first_seen", {"$ifNull": ["$last_seen", {"$toDate": "$_id"}]}]}
    await _set(users, undated, {"join_date": next_best})


async def _date_files(files: Collection) -> None:
    """Files of before they had dates were played before now; without one they would be in no
    list."""
    fields: Document = {"created": "$$NOW", "file_key": {"$toLower": "$name"}}
    await files.update_many({"created": None, "plays": {"$gt": 0}}, [{"$set": fields}])


def _text(field: str) -> Document:
    """The field, where it is a text; else an empty one."""
    return {"$cond": [{"$eq": [{"$type": f"${field}"}, "string"]}, f"${field}", ""]}


async def _set(users: Collection, which: Document, fields: Document) -> None:
    await users.update_many({**_USER, **which}, [{"$set": fields}])


async def _make_unique(users: Collection) -> None:
    try:
        await _make(users, [UNIQUE_ID])
    except DuplicateKeyError:
        await _merge_duplicates(users)
        try:
            await _make(users, [UNIQUE_ID])
        except DuplicateKeyError:
            # Documents without an id that are not ours. Our own cannot be doubled: `_id` is `id`.
            _log.warning("the users' ids cannot be indexed as unique")


async def _merge_duplicates(users: Collection) -> None:
    merged = 0
    several = await users.aggregate(
        [
            {"$match": {"id": {"$type": "number"}}},
            {"$group": {"_id": "$id", "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}}},
        ],
        allowDiskUse=True,
    )
    async for row in several:
        await _merge_one(users, row["_id"])
        merged += 1
    if merged:
        _log.info("users that the database held several times are one each now", users=merged)


async def _merge_one(users: Collection, user_id: int) -> None:
    same = await users.find({"id": user_id}).to_list()
    if not same[1:]:  # another instance was quicker
        return
    newest = max(same, key=lambda one: (_number(one.get("last_seen")), str(one["_id"])))
    await users.update_one({"_id": newest["_id"]}, {"$set": _together(same)})
    others = [one["_id"] for one in same if one is not newest]
    await users.delete_many({"_id": {"$in": others}})


def _together(same: list[Document]) -> Document:
    """What the documents of one user say together, where it is not the newest that counts."""
    found: Document = {}
    for field in ("join_date", "first_seen"):
        times = [int(one[field]) for one in same if isinstance(one.get(field), DatetimeMS)]
        if times:
            found[field] = DatetimeMS(min(times))
    for field in _SUMS:
        found[field] = int(max(_number(one.get(field)) for one in same))
    for field in ("banned", "blocked_bot"):
        found[field] = any(one.get(field) is True for one in same)
    return found


def _number(value: Any) -> float:
    if isinstance(value, DatetimeMS):
        return float(int(value))
    return float(value) if isinstance(value, int | float) else 0.0
