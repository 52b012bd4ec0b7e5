"""Links, in SQLite."""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from telpher.clock import Clock
from telpher.core.model import Kind, MessageRef
from telpher.core.records import Denial, LinkRecord
from telpher.storage.base import PageKey
from telpher.storage.scalars import SMALLEST, fits, nearest, storable
from telpher.storage.sqlite.file import SqliteFile

_COLUMNS = """
    link_id, owner, chat_id, message_id, created, expires, epoch, document_id, name, size, kind,
    duration, playlist, revoked, plays, bytes_served, last_play
"""
_WHOLE = f"{_COLUMNS}, coalesce((SELECT banned FROM users WHERE user_id = owner), 0)"
_GET = f"SELECT {_WHOLE} FROM links WHERE link_id = ?"
_OF_OWNER = f"""
    SELECT {_WHOLE} FROM links WHERE owner = ? AND revoked = 0 AND (created, link_id) < (?, ?)
    ORDER BY created DESC, link_id DESC LIMIT ?
"""
_FIRST_OF_OWNER = f"""
    SELECT {_WHOLE} FROM links WHERE owner = ? AND revoked = 0
    ORDER BY created DESC, link_id DESC LIMIT ?
"""
_OF_FILE = f"""
    SELECT {_WHOLE} FROM links
    WHERE document_id = ? AND revoked = 0 AND (created, link_id) < (?, ?)
    ORDER BY created DESC, link_id DESC LIMIT ?
"""
_FIRST_OF_FILE = f"""
    SELECT {_WHOLE} FROM links WHERE document_id = ? AND revoked = 0
    ORDER BY created DESC, link_id DESC LIMIT ?
"""
_PAGE = f"""
    SELECT {_WHOLE} FROM links WHERE revoked = 0 AND (created, link_id) < (?, ?)
    ORDER BY created DESC, link_id DESC LIMIT ?
"""
_FIRST_PAGE = f"""
    SELECT {_WHOLE} FROM links WHERE revoked = 0 ORDER BY created DESC, link_id DESC LIMIT ?
"""
_OWNER = "SELECT owner FROM links WHERE link_id = ?"
_REVOKE = "UPDATE links SET revoked = ?1, changed = ?1 WHERE link_id = ?2 AND revoked = 0"
_REVOKE_PLAYLIST = """
    UPDATE links SET revoked = ?1, changed = ?1
    WHERE playlist = ?2 AND playlist != '' AND revoked = 0 AND owner = coalesce(?3, owner)
"""
_DENIALS = """
    SELECT link_id, changed, expires,
        revoked > 0 OR coalesce((SELECT banned FROM users WHERE user_id = owner), 0)
    FROM links WHERE changed > 0 AND (changed, link_id) > (?, ?)
    ORDER BY changed, link_id LIMIT ?
"""
_MAKE = f"""
    INSERT INTO links ({_COLUMNS}, changed) VALUES ({", ".join("?" * 17)},
        coalesce((SELECT ?18 FROM users WHERE user_id = ?2 AND banned = 1), ?14))
    ON CONFLICT DO NOTHING
"""


class SqliteLinks:
    """See LinkStore."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    async def get(self, link_id: int) -> LinkRecord | None:
        """See LinkStore."""
        if not fits(link_id):
            return None
        row = await self._file.one(_GET, (link_id,))
        return _link(row) if row else None

    async def of_owner(
        self, owner: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """See LinkStore."""
        if not fits(owner):
            return []
        return await self._list(_FIRST_OF_OWNER, _OF_OWNER, (owner,), limit, before)

    async def of_file(
        self, document_id: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """See LinkStore."""
        if not fits(document_id):
            return []
        return await self._list(_FIRST_OF_FILE, _OF_FILE, (document_id,), limit, before)

    async def page(self, limit: int, before: PageKey | None = None) -> list[LinkRecord]:
        """See LinkStore."""
        return await self._list(_FIRST_PAGE, _PAGE, (), limit, before)

    async def _list(
        self, first: str, later: str, whose: tuple[int, ...], limit: int, before: PageKey | None
    ) -> list[LinkRecord]:
        place = () if before is None else (before.at, nearest(before.number))
        rows = await self._file.all(later if place else first, (*whose, *place, max(limit, 0)))
        return [_link(row) for row in rows]

    async def revoke(self, link_id: int, at: float | None = None, owner: int | None = None) -> bool:
        """See LinkStore."""
        if not fits(link_id):
            return False
        at = self._clock.now() if at is None else at

        def change(connection: sqlite3.Connection) -> bool:
            row = connection.execute(_OWNER, (link_id,)).fetchone()
            if row is None or owner not in (None, row[0]):
                return False
            connection.execute(_REVOKE, (at, link_id))
            return True

        return await self._file.write(change)

    async def revoke_playlist(
        self, playlist_id: str, at: float | None = None, owner: int | None = None
    ) -> int:
        """See LinkStore."""
        if owner is not None and not fits(owner):
            return 0
        at = self._clock.now() if at is None else at
        return await self._file.change(_REVOKE_PLAYLIST, (at, storable(playlist_id), owner))

    async def denials(self, since: float, limit: int, after: PageKey | None = None) -> list[Denial]:
        """See LinkStore."""
        start = (since, SMALLEST)
        if after is not None:
            start = max(start, (after.at, nearest(after.number)))
        rows = await self._file.all(_DENIALS, (*start, max(limit, 0)))
        return [
            Denial(link_id, changed, bool(denied), expires)
            for link_id, changed, expires, denied in rows
        ]


def make(connection: sqlite3.Connection, link: LinkRecord, now: float) -> bool:
    """Adds a link, unless one of its id is there; if its owner is banned it is dead from `now`.
    Whether it is new."""
    return connection.execute(_MAKE, (*_row(link), now)).rowcount > 0


def _link(row: Sequence[Any]) -> LinkRecord:
    link_id, owner, chat_id, message_id, created, expires, epoch, document_id, *about = row
    name, size, kind, duration, playlist, revoked, plays, served, last_play, owner_banned = about
    return LinkRecord(
        link_id,
        owner,
        MessageRef(chat_id, message_id),
        created,
        expires,
        epoch,
        document_id,
        name,
        size,
        Kind(kind),
        duration,
        playlist,
        revoked,
        bool(owner_banned),
        plays,
        served,
        last_play,
    )


def _row(link: LinkRecord) -> tuple[object, ...]:
    return (
        link.link_id,
        link.owner,
        link.ref.chat_id,
        link.ref.message_id,
        link.created,
        link.expires,
        link.epoch,
        link.document_id,
        storable(link.name),
        link.size,
        link.kind.value,
        link.duration,
        storable(link.playlist),
        link.revoked,
        link.plays,
        link.bytes_served,
        link.last_play,
    )
