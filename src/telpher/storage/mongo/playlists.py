"""Batches in MongoDB; a PlaylistStore."""

from __future__ import annotations

import asyncio

from telpher.core.records import Playlist
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.schema import PLAYLISTS
from telpher.storage.mongo.server import Server
from telpher.storage.packing import packed, unpacked
from telpher.storage.scalars import storable


class MongoPlaylists:
    """See PlaylistStore. Packing is done in a thread: long lists take milliseconds."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def put(self, playlist: Playlist) -> None:
        """See PlaylistStore."""
        fields = {
            "owner": playlist.owner,
            "title": storable(playlist.title),
            "created": moment(playlist.created),
            "entries": await asyncio.to_thread(packed, playlist.entries),
        }
        async with self._server.asking() as collections:
            await collections[PLAYLISTS].replace_one(
                {"_id": storable(playlist.playlist_id)}, fields, upsert=True
            )

    async def get(self, playlist_id: str) -> Playlist | None:
        """See PlaylistStore."""
        async with self._server.asking() as collections:
            found = await collections[PLAYLISTS].find_one({"_id": storable(playlist_id)})
        if found is None:
            return None
        return Playlist(
            playlist_id=found["_id"],
            owner=found["owner"],
            title=found["title"],
            created=seconds(found["created"]),
            entries=await asyncio.to_thread(unpacked, found["entries"]),
        )
