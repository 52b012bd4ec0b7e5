"""Links in MongoDB; a LinkStore.

`changed` is when life or death changed last, absent where it never did: the index of denials holds
only what it has to.
"""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne

from telpher.core.model import Kind, MessageRef
from telpher.core.records import Denial, LinkRecord
from telpher.storage.base import PageKey
from telpher.storage.mongo.forms import date, moment, seconds
from telpher.storage.mongo.schema import LINKS
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import fits, nearest, storable


class MongoLinks:
    """See LinkStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, link_id: int) -> LinkRecord | None:
        """See LinkStore."""
        if not fits(link_id):
            return None
        async with self._server.asking() as collections:
            found = await collections[LINKS].find_one({"_id": link_id})
        return link_of(found) if found else None

    async def of_owner(
        self, owner: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """See LinkStore."""
        if not fits(owner):
            return []
        return await self._list({"owner": owner}, limit, before)

    async def of_file(
        self, document_id: int, limit: int, before: PageKey | None = None
    ) -> list[LinkRecord]:
        """See LinkStore."""
        if not fits(document_id):
            return []
        return await self._list({"document_id": document_id}, limit, before)

    async def page(self, limit: int, before: PageKey | None = None) -> list[LinkRecord]:
        """See LinkStore."""
        return await self._list({}, limit, before)

    async def _list(self, whose: Document, limit: int, before: PageKey | None) -> list[LinkRecord]:
        if limit <= 0:
            return []
        wanted: Document = {**whose, "revoked": None}
        if before is not None:
            at, number = moment(before.at), nearest(before.number)
            # Said twice, so that the index is entered at the right place.
            wanted["created"] = {"$lte": at}
            wanted["$or"] = [{"created": {"$lt": at}}, {"_id": {"$lt": number}}]
        async with self._server.asking() as collections:
            rows = collections[LINKS].find(wanted).sort([("created", -1), ("_id", -1)])
            return [link_of(row) async for row in rows.limit(limit)]

    async def revoke(self, link_id: int, at: float | None = None, owner: int | None = None) -> bool:
        """See LinkStore."""
        if not fits(link_id, owner or 0):
            return False
        at = await self._server.now() if at is None else at
        whose: Document = {"_id": link_id} if owner is None else {"_id": link_id, "owner": owner}
        async with self._server.asking() as collections:
            found = await collections[LINKS].update_one({**whose, "revoked": None}, _revoked(at))
            return bool(found.matched_count) or await collections[LINKS].find_one(whose) is not None

    async def revoke_playlist(
        self, playlist_id: str, at: float | None = None, owner: int | None = None
    ) -> int:
        """See LinkStore."""
        if not playlist_id or not fits(owner or 0):
            return 0
        at = await self._server.now() if at is None else at
        wanted: Document = {"playlist": storable(playlist_id), "revoked": None}
        if owner is not None:
            wanted["owner"] = owner
        async with self._server.asking() as collections:
            found = await collections[LINKS].update_many(wanted, _revoked(at))
        return found.modified_count

    async def denials(self, since: float, limit: int, after: PageKey | None = None) -> list[Denial]:
        """See LinkStore."""
        if limit <= 0:
            return []
        # Later than the epoch: what has no such date has never changed.
        changed: Document = {"$gte": moment(since), "$gt": moment(0)}
        wanted: Document = {"changed": changed}
        if after is not None:
            at, number = moment(after.at), nearest(after.number)
            changed["$gte"] = max(changed["$gte"], at)
            wanted["$or"] = [{"changed": {"$gt": at}}, {"_id": {"$gt": number}}]
        fields = {"changed": True, "revoked": True, "owner_banned": True, "expires": True}
        async with self._server.asking() as collections:
            rows = collections[LINKS].find(wanted, fields).sort([("changed", 1), ("_id", 1)])
            return [_denial_of(row) async for row in rows.limit(limit)]


def make(link: LinkRecord, born: str) -> UpdateOne:
    """Keeps the link, unless it is known; `born` tells which tally was the first to speak of it."""
    fields: dict[str, Any] = {
        "owner": link.owner,
        "chat_id": link.ref.chat_id,
        "message_id": link.ref.message_id,
        "created": moment(link.created),
        # As it stands in the link.
        "expires": link.expires,
        "epoch": link.epoch,
        "document_id": link.document_id,
        "name": storable(link.name),
        "size": link.size,
        "kind": str(link.kind),
        "duration": link.duration,
        "playlist": storable(link.playlist),
        "revoked": date(link.revoked),
        "owner_banned": link.owner_banned,
        "plays": link.plays,
        "bytes_served": link.bytes_served,
        "last_play": date(link.last_play),
        "born": born,
    }
    return UpdateOne({"_id": link.link_id}, {"$setOnInsert": fields}, upsert=True)


def link_of(document: Document) -> LinkRecord:
    """The link a document speaks of."""
    return LinkRecord(
        link_id=document["_id"],
        owner=document["owner"],
        ref=MessageRef(document["chat_id"], document["message_id"]),
        created=seconds(document["created"]),
        expires=document["expires"],
        epoch=document["epoch"],
        document_id=document["document_id"],
        name=document["name"],
        size=document["size"],
        kind=Kind(document["kind"]),
        duration=document["duration"],
        playlist=document["playlist"],
        revoked=seconds(document["revoked"]),
        owner_banned=document["owner_banned"],
        plays=document["plays"],
        bytes_served=document["bytes_served"],
        last_play=seconds(document["last_play"]),
    )


def _revoked(at: float) -> Document:
    return {"$set": {"revoked": moment(at), "changed": moment(at)}}


def _denial_of(document: Document) -> Denial:
    return Denial(
        link_id=document["_id"],
        changed=seconds(document["changed"]),
        denied=document["revoked"] is not None or document["owner_banned"],
        expires=document["expires"],
    )
