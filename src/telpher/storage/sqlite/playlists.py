"""Batches, in SQLite."""

from __future__ import annotations

import sqlite3

from telpher.core.records import Playlist
from telpher.storage.packing import packed, unpacked
from telpher.storage.scalars import storable
from telpher.storage.sqlite.file import SqliteFile

_PUT = """
    INSERT OR REPLACE INTO playlists (playlist_id, owner, title, created, entries)
    VALUES (?, ?, ?, ?, ?)
"""
_GET = "SELECT owner, title, created, entries FROM playlists WHERE playlist_id = ?"


class SqlitePlaylists:
    """See PlaylistStore. Packing is done in the file's threads: long lists take milliseconds."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def put(self, playlist: Playlist) -> None:
        """See PlaylistStore."""
        head = (storable(playlist.playlist_id), playlist.owner, storable(playlist.title))

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT, (*head, playlist.created, packed(playlist.entries)))

        await self._file.write(change)

    async def get(self, playlist_id: str) -> Playlist | None:
        """See PlaylistStore."""
        playlist_id = storable(playlist_id)

        def look(connection: sqlite3.Connection) -> Playlist | None:
            row = connection.execute(_GET, (playlist_id,)).fetchone()
            if row is None:
                return None
            owner, title, created, entries = row
            return Playlist(playlist_id, owner, title, created, unpacked(entries))

        return await self._file.survey(look)
