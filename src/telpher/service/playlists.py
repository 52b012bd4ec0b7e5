"""Batches as players read them: each file's link as it was handed out, without those that ended."""

from __future__ import annotations

from dataclasses import dataclass

from telpher.core import names
from telpher.core.playlist import Item
from telpher.core.records import LinkRecord, Playlist, PlaylistEntry
from telpher.errors import GoneError, NotFoundError
from telpher.service.links import LinkService
from telpher.storage.base import PlaylistStore

# An id has 24 characters; what is longer is none and asks nobody.
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Listed:
    """A playlist as it plays now."""

    title: str
    items: list[Item]


class Playlists:
    """See the module."""

    def __init__(self, store: PlaylistStore, links: LinkService) -> None:
        self._store = store
        self._links = links

    async def get(self, playlist_id: str) -> Listed:
        """The playlist with that id.

        Raises NotFoundError when there is none, GoneError when none of its links lives, and
        StorageError while the database is away.
        """
        if len(playlist_id) > _LONGEST_ID:
            raise NotFoundError("no such playlist")
        found = await self._store.get(playlist_id)
        if found is None:
            raise NotFoundError("no such playlist")
        records = [_record(found, each) for each in found.entries]
        items = [self._item(each) for each in records if self._links.lives(each)]
        if not items:
            raise GoneError("no link of the playlist lives")
        return Listed(found.title, items)

    def _item(self, record: LinkRecord) -> Item:
        return Item(self._links.rewrite(record).stream, record.name, record.duration)


def _record(playlist: Playlist, entry: PlaylistEntry) -> LinkRecord:
    """What the link was made from."""
    return LinkRecord(
        link_id=entry.link_id,
        owner=playlist.owner,
        ref=entry.ref,
        created=playlist.created,
        expires=entry.expires,
        epoch=entry.epoch,
        document_id=entry.info.document_id,
        name=names.safe_name(entry.info),
        size=entry.info.size,
        kind=entry.info.kind,
        duration=entry.info.duration,
        playlist=playlist.playlist_id,
    )
