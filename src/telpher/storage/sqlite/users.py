"""People, in SQLite."""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from telpher.clock import Clock
from telpher.core.model import Person
from telpher.core.records import User, UserCounts
from telpher.core.tally import DAY, HOUR
from telpher.storage.base import FoundUsers, PageKey
from telpher.storage.scalars import SMALLEST, fits, name_key, nearest, storable
from telpher.storage.search import Field, Search, SearchKey, keys_of, search_of
from telpher.storage.sqlite.file import SqliteFile

_COLUMNS = """
    user_id, first_name, last_name, username, language_code, is_premium, is_bot,
    join_date, first_seen, last_seen, role, banned, blocked_bot,
    total_streams, total_files, total_batch_requests, bytes_served
"""
_GET = f"SELECT {_COLUMNS} FROM users WHERE user_id = ?"
_NAMED = f"""
    SELECT {_COLUMNS} FROM users WHERE name_key = ? AND name_key != ''
    ORDER BY last_seen DESC LIMIT 1
"""
_PAGE = f"""
    SELECT {_COLUMNS} FROM users WHERE (join_date, user_id) < (?, ?)
    ORDER BY join_date DESC, user_id DESC LIMIT ?
"""
_FIRST_PAGE = f"SELECT {_COLUMNS} FROM users ORDER BY join_date DESC, user_id DESC LIMIT ?"


def _since(moment: int) -> str:
    """How many were last seen at parameter number `moment` or later, the next parameter being the
    hour after it: those of whole hours are known (see the schema), the others are counted."""
    return f"""
        (SELECT coalesce(sum(people), 0) FROM seen WHERE hour >= ?{moment + 1})
        + (SELECT count(*) FROM users WHERE last_seen >= ?{moment} AND last_seen < ?{moment + 1})
    """


_COUNTS = f"""
    SELECT people, {_since(1)}, {_since(3)}, {_since(5)}, banned, blocked, reachable
    FROM totals WHERE one = 1
"""
# Nobody has the least id: the first row of a field is after the key of its prefix and that id.
_BY_USERNAME = f"""
    SELECT {_COLUMNS}, name_key FROM users
    WHERE name_key != '' AND (name_key, user_id) > (?3, ?4) AND name_key < ?2
        AND user_id IS NOT ?5
    ORDER BY name_key, user_id LIMIT ?6
"""
_BY_NAME = f"""
    SELECT {_COLUMNS}, full_key FROM users
    WHERE full_key != '' AND (full_key, user_id) > (?3, ?4) AND full_key < ?2
        AND user_id IS NOT ?5 AND NOT (name_key >= ?1 AND name_key < ?2)
    ORDER BY full_key, user_id LIMIT ?6
"""
_BY_LAST_NAME = f"""
    SELECT {_COLUMNS}, last_key FROM users
    WHERE last_key != '' AND (last_key, user_id) > (?3, ?4) AND last_key < ?2
        AND user_id IS NOT ?5 AND NOT (name_key >= ?1 AND name_key < ?2)
        AND NOT (full_key >= ?1 AND full_key < ?2)
    ORDER BY last_key, user_id LIMIT ?6
"""
_BY: Final = {
    Field.USERNAME: _BY_USERNAME,
    Field.NAME: _BY_NAME,
    Field.LAST_NAME: _BY_LAST_NAME,
}
_AUDIENCE = """
    SELECT user_id FROM users WHERE banned = 0 AND blocked_bot = 0 AND user_id > ?
    ORDER BY user_id LIMIT ?
"""
_KNOWN = "SELECT join_date, banned FROM users WHERE user_id = ?"
_MAKE = "INSERT INTO users (user_id) VALUES (?) ON CONFLICT DO NOTHING"
_BAN = "UPDATE users SET banned = ? WHERE user_id = ?"
_LINKS_CHANGED = "UPDATE links SET changed = ? WHERE owner = ? AND revoked = 0"
_BLOCK = "UPDATE users SET blocked_bot = ?1 WHERE user_id = ?2 AND blocked_bot != ?1"


def _earlier(column: str) -> str:
    here, there = column, f"excluded.{column}"
    return f"{column} = iif({here} = 0, {there}, iif({there} = 0, {here}, min({here}, {there})))"


def _larger(column: str) -> str:
    return f"{column} = max({column}, excluded.{column})"


def _latest(column: str) -> str:
    return f"{column} = iif(excluded.last_seen >= last_seen, excluded.{column}, {column})"


_NAMES = ("first_name", "last_name", "username", "language_code", "is_premium", "is_bot")
_KEYS = ("name_key", "full_key", "last_key")
_SUMS = ("total_streams", "total_files", "total_batch_requests", "bytes_served")
_MERGE = f"""
    INSERT INTO users ({_COLUMNS}, {", ".join(_KEYS)})
    VALUES ({", ".join("?" * 20)})
    ON CONFLICT (user_id) DO UPDATE SET
    {", ".join(map(_latest, (*_NAMES, *_KEYS)))},
    {", ".join(map(_earlier, ("join_date", "first_seen")))},
    {", ".join(map(_larger, ("last_seen", "banned", "blocked_bot", *_SUMS)))}
"""

# When they joined, and whether they are banned.
_NOBODY: Final = (0.0, False)


class SqliteUsers:
    """See UserStore."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    async def get(self, user_id: int) -> User | None:
        """See UserStore."""
        return await self._one(_GET, user_id) if fits(user_id) else None

    async def named(self, username: str) -> User | None:
        """See UserStore."""
        return await self._one(_NAMED, name_key(username))

    async def page(self, limit: int, before: PageKey | None = None) -> list[User]:
        """See UserStore."""
        limit = max(limit, 0)
        if before is None:
            rows = await self._file.all(_FIRST_PAGE, (limit,))
        else:
            rows = await self._file.all(_PAGE, (before.at, nearest(before.number), limit))
        return [_user(row) for row in rows]

    async def counts(self, now: float) -> UserCounts:
        """See UserStore."""
        since = [now - days * DAY for days in (1, 7, 30)]
        values = [value for each in since for value in (each, _next_hour(each))]
        row = await self._file.survey(lambda each: each.execute(_COUNTS, values).fetchone())
        return UserCounts(*row)

    async def search(self, text: str, limit: int, after: SearchKey | None = None) -> FoundUsers:
        """See UserStore."""
        wanted = search_of(text)

        def look(connection: sqlite3.Connection) -> list[tuple[SearchKey, User]]:
            return list(islice(_found(connection, wanted, limit, after), limit))

        found = await self._file.survey(look) if limit > 0 else []
        users = [user for _, user in found]
        return FoundUsers(users, found[-1][0] if found and len(found) == limit else None)

    async def set_banned(self, user_id: int, banned: bool, at: float | None = None) -> bool:
        """See UserStore."""
        if not fits(user_id):
            return False
        at = self._clock.now() if at is None else at

        def change(connection: sqlite3.Connection) -> bool:
            known = connection.execute(_KNOWN, (user_id,)).fetchone()
            if known is None and banned:
                connection.execute(_MAKE, (user_id,))
            if bool((known or _NOBODY)[1]) != banned:
                connection.execute(_BAN, (banned, user_id))
                connection.execute(_LINKS_CHANGED, (at, user_id))
            return known is not None

        return await self._file.write(change)

    async def set_blocked(self, user_ids: Collection[int], blocked: bool) -> None:
        """See UserStore."""
        rows = [(blocked, user_id) for user_id in user_ids if fits(user_id)]
        await self._file.change_each(_BLOCK, rows)

    async def audience(self, after: int, limit: int) -> list[int]:
        """See UserStore."""
        rows = await self._file.all(_AUDIENCE, (nearest(after), max(limit, 0)))
        return [user_id for (user_id,) in rows]

    async def merge(self, users: Sequence[User]) -> int:
        """See UserStore."""
        now = self._clock.now()

        def change(connection: sqlite3.Connection) -> int:
            return sum(_merge(connection, user, now) for user in users)

        return await self._file.write(change)

    async def _one(self, query: str, key: int | str) -> User | None:
        row = await self._file.one(query, (key,))
        return _user(row) if row else None


def _next_hour(at: float) -> float:
    """The first second of the hour after it."""
    return (max(at, 0.0) // HOUR + 1) * HOUR


def _found(
    connection: sqlite3.Connection, wanted: Search, limit: int, after: SearchKey | None
) -> Iterator[tuple[SearchKey, User]]:
    """Up to `limit` of each field, one field after the other."""
    if after is None and wanted.number is not None:
        for row in connection.execute(_GET, (wanted.number,)):
            yield SearchKey(Field.NUMBER, "", wanted.number), _user(row)
    for field in wanted.fields:
        if after is not None and field < after.field:
            continue
        place = (wanted.first, SMALLEST)
        if after is not None and field == after.field:
            place = max(place, (storable(after.word), nearest(after.number)))
        values = (wanted.first, wanted.beyond, *place, wanted.number, limit)
        for *row, word in connection.execute(_BY[field], values):
            yield SearchKey(field, word, row[0]), _user(row)


def make(connection: sqlite3.Connection, user_id: int) -> None:
    """Sees to it that there is a row for that id."""
    connection.execute(_MAKE, (user_id,))


def see(connection: sqlite3.Connection, person: Person, first: float, last: float) -> bool:
    """Notes sightings of somebody, from `first` to `last`; whether they are the first ever."""
    joined, _ = connection.execute(_KNOWN, (person.user_id,)).fetchone() or _NOBODY
    connection.execute(_MERGE, _row(User(person, first, first, last)))
    return not joined


def _merge(connection: sqlite3.Connection, user: User, now: float) -> bool:
    user_id = user.person.user_id
    known = connection.execute(_KNOWN, (user_id,)).fetchone()
    connection.execute(_MERGE, _row(user))
    if user.banned and not (known and known[1]):
        connection.execute(_LINKS_CHANGED, (now, user_id))
    return known is None


def _user(row: Sequence[Any]) -> User:
    user_id, first_name, last_name, username, language_code, premium, bot, *about = row
    joined, first_seen, last_seen, role, banned, blocked, *sums = about
    person = Person(
        user_id, first_name, last_name, username, language_code, bool(premium), bool(bot)
    )
    return User(person, joined, first_seen, last_seen, role, bool(banned), bool(blocked), *sums)


def _row(user: User) -> tuple[object, ...]:
    person = user.person
    return (
        person.user_id,
        storable(person.first_name),
        storable(person.last_name),
        storable(person.username),
        storable(person.language_code),
        person.is_premium,
        person.is_bot,
        user.join_date,
        user.first_seen,
        user.last_seen,
        storable(user.role),
        user.banned,
        user.blocked_bot,
        user.total_streams,
        user.total_files,
        user.total_batch_requests,
        user.bytes_served,
        *keys_of(person),
    )
