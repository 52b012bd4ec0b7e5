"""People in MongoDB; a UserStore."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from pymongo import ASCENDING, DESCENDING

from telpher.core.records import User, UserCounts
from telpher.core.tally import DAY
from telpher.storage.base import FoundUsers, PageKey
from telpher.storage.mongo import people
from telpher.storage.mongo.bulk import write
from telpher.storage.mongo.forms import moment
from telpher.storage.mongo.owners import settle
from telpher.storage.mongo.people import user_of
from telpher.storage.mongo.schema import USERS
from telpher.storage.mongo.server import Collections, Document, Server
from telpher.storage.scalars import fits, name_key, nearest, storable
from telpher.storage.search import Field, Search, SearchKey, search_of

_KEYS: Final = {Field.USERNAME: "name_key", Field.NAME: "full_key", Field.LAST_NAME: "last_key"}
_LISTED: Final = {
    Field.NUMBER: [("id", ASCENDING)],
    **{field: [(key, ASCENDING), ("id", ASCENDING)] for field, key in _KEYS.items()},
}

# Days.
_WEEK: Final = 7
_MONTH: Final = 30


class MongoUsers:
    """See UserStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, user_id: int) -> User | None:
        """See UserStore."""
        if not fits(user_id):
            return None
        async with self._server.asking() as collections:
            found = await collections[USERS].find_one({"id": user_id})
        return user_of(found) if found else None

    async def named(self, username: str) -> User | None:
        """See UserStore."""
        key = name_key(username)
        if not key:
            return None
        async with self._server.asking() as collections:
            found = await collections[USERS].find_one(
                {"name_key": key}, sort=[("last_seen", DESCENDING)]
            )
        return user_of(found) if found else None

    async def page(self, limit: int, before: PageKey | None = None) -> list[User]:
        """See UserStore."""
        if limit <= 0:  # to MongoDB that means no limit
            return []
        async with self._server.asking() as collections:
            rows = await _joined(collections, limit, before)
            if len(rows) < limit:
                rows += await _never_seen(collections, limit - len(rows), before)
        return [user_of(row) for row in rows]

    async def search(self, text: str, limit: int, after: SearchKey | None = None) -> FoundUsers:
        """See UserStore."""
        if limit <= 0:
            return FoundUsers([], None)
        wanted = search_of(text)
        found: list[tuple[SearchKey, User]] = []
        async with self._server.asking() as collections:
            for field in _fields(wanted, after):
                query = _looked_for(wanted, field, after)
                rows = collections[USERS].find(query).sort(_LISTED[field])
                async for row in rows.limit(limit - len(found)):
                    word = row[_KEYS[field]] if field in _KEYS else ""
                    found.append((SearchKey(field, word, row["id"]), user_of(row)))
                if len(found) == limit:
                    break
        users = [user for _, user in found]
        return FoundUsers(users, found[-1][0] if len(found) == limit else None)

    async def counts(self, now: float) -> UserCounts:
        """See UserStore.

        What is counted is counted along an index; how many there are at all the server knows.
        """
        async with self._server.asking() as collections:
            total = await collections[USERS].estimated_document_count()
            day, week, month = [
                await _count(collections, {"last_seen": {"$gte": moment(now - days * DAY)}})
                for days in (1, _WEEK, _MONTH)
            ]
            banned = await _count(collections, {"banned": True})
            blocked = await _count(collections, {"blocked_bot": True})
            both = await _count(collections, {"banned": True, "blocked_bot": True})
        return UserCounts(total, day, week, month, banned, blocked, total - banned - blocked + both)

    async def set_banned(self, user_id: int, banned: bool, at: float | None = None) -> bool:
        """See UserStore. The user first, then the links, in slices."""
        if not fits(user_id):
            return False
        async with self._server.asking() as collections:
            found = await collections[USERS].update_one(
                {"id": user_id}, {"$set": {"banned": banned}}
            )
            known = found.matched_count > 0
            if banned and not known:
                await collections[USERS].bulk_write([people.make_blank(user_id, banned=True)])
        await settle(self._server, [user_id], at=at)
        return known

    async def set_blocked(self, user_ids: Collection[int], blocked: bool) -> None:
        """See UserStore."""
        ids = [user_id for user_id in user_ids if fits(user_id)]
        async with self._server.asking() as collections:
            await collections[USERS].update_many(
                {"id": {"$in": ids}}, {"$set": {"blocked_bot": blocked}}
            )

    async def audience(self, after: int, limit: int) -> list[int]:
        """See UserStore."""
        if limit <= 0:
            return []
        wanted: Document = {
            "id": {"$gt": nearest(after)},
            "banned": {"$ne": True},
            "blocked_bot": {"$ne": True},
        }
        async with self._server.asking() as collections:
            rows = collections[USERS].find(wanted, {"_id": False, "id": True})
            return [int(row["id"]) async for row in rows.sort("id", ASCENDING).limit(limit)]

    async def merge(self, users: Sequence[User]) -> int:
        """See UserStore. In slices, each bounded: many take longer than one answer may."""
        joining = [user for user in users if fits(user.person.user_id)]
        changes = [change for user in joining for change in people.merge(user)]
        new = await write(self._server, USERS, changes)
        banned = [user.person.user_id for user in joining if user.banned]
        await settle(self._server, banned)
        return new


def _fields(wanted: Search, after: SearchKey | None) -> list[Field]:
    """Where to look, as far as that was not done."""
    there = [Field.NUMBER] if wanted.number is not None else []
    fields = [*there, *wanted.fields]
    if after is None:
        return fields
    return [each for each in fields if each >= after.field and each is not Field.NUMBER]


def _looked_for(wanted: Search, field: Field, after: SearchKey | None) -> Document:
    """Who is found in `field`, and in none before it."""
    if field is Field.NUMBER:
        return {"id": wanted.number}
    span = {"$gte": wanted.first, "$lt": wanted.beyond}
    here = dict(span)
    earlier: list[Document] = [{_KEYS[each]: {"$not": span}} for each in _KEYS if each < field]
    query: Document = {_KEYS[field]: here, "id": {"$exists": True, "$ne": wanted.number}}
    if after is not None and after.field is field:
        word, number = storable(after.word), nearest(after.number)
        here["$gte"] = max(word, wanted.first)
        earlier.append({"$or": [{_KEYS[field]: {"$gt": word}}, {"id": {"$gt": number}}]})
    return {**query, "$and": earlier} if earlier else query


async def _joined(collections: Collections, limit: int, before: PageKey | None) -> list[Document]:
    if before is not None and not before.at:
        return []
    # Greater than a date is only what is one.
    wanted: Document = {"join_date": {"$gt": moment(0)}, "id": {"$exists": True}}
    if before is not None:
        at, number = moment(before.at), nearest(before.number)
        wanted["join_date"]["$lte"] = at
        wanted["$or"] = [{"join_date": {"$lt": at}}, {"id": {"$lt": number}}]
    rows = collections[USERS].find(wanted)
    return await rows.sort([("join_date", -1), ("id", -1)]).limit(limit).to_list()


async def _never_seen(
    collections: Collections, limit: int, before: PageKey | None
) -> list[Document]:
    wanted: Document = {"join_date": None, "id": {"$exists": True}}
    if before is not None and not before.at:
        wanted["id"] = {"$lt": nearest(before.number)}
    rows = collections[USERS].find(wanted)
    return await rows.sort("id", DESCENDING).limit(limit).to_list()


async def _count(collections: Collections, wanted: Document) -> int:
    # Not count_documents, which looks at each document where this one walks the index; what that
    # is right about in clusters whose parts just moved does not matter here.
    answer = await collections.command({"count": USERS, "query": wanted})
    return int(answer["n"])
