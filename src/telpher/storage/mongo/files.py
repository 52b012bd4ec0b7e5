"""Files in MongoDB; a FileStore.

`created` is absent while only bytes of a file are known: then it is in no list.
"""

from __future__ import annotations

import re
from typing import Final

from pymongo import DESCENDING, UpdateOne

from telpher.core.model import MessageRef
from telpher.core.records import FileCounts, FileRecord, LinkRecord
from telpher.core.tally import DAY, FileSum
from telpher.storage.base import FileOrder, PageKey
from telpher.storage.mongo.forms import date, moment, seconds
from telpher.storage.mongo.marks import Mark
from telpher.storage.mongo.schema import FILES
from telpher.storage.mongo.server import Document, Server
from telpher.storage.mongo.sums import there
from telpher.storage.scalars import fits, nearest, storable
from telpher.storage.search import file_search_key

_BY: Final = {FileOrder.NEWEST: "created", FileOrder.MOST_PLAYED: "plays"}

# Days.
_WEEK: Final = 7
_MONTH: Final = 30


class MongoFiles:
    """See FileStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, document_id: int) -> FileRecord | None:
        """See FileStore."""
        if not fits(document_id):
            return None
        async with self._server.asking() as collections:
            found = await collections[FILES].find_one({"_id": document_id, **_listed()})
        return _record(found) if found else None

    async def page(
        self, order: FileOrder, limit: int, before: PageKey | None = None, text: str = ""
    ) -> list[FileRecord]:
        """See FileStore."""
        wanted: Document = _listed()
        field = _BY[order]
        if word := file_search_key(text):
            wanted["file_key"] = {"$regex": re.escape(word)}
        if before is not None:
            at = moment(before.at) if order is FileOrder.NEWEST else before.at
            # Said twice, so that the index is entered at the right place.
            wanted[field] = {**wanted.get(field, {}), "$lte": at}
            earlier = {field: {"$lt": at}}
            wanted["$or"] = [earlier, {"_id": {"$lt": nearest(before.number)}}]
        return await _list(self._server, wanted, field, limit)

    async def counts(self, now: float) -> FileCounts:
        """See FileStore."""
        since = [{"last_play": {"$gte": moment(now - days * DAY)}} for days in (1, _WEEK, _MONTH)]
        queries: list[Document] = [{"plays": {"$gt": 0}}, *since]
        async with self._server.asking() as collections:
            # Along an index, as for people (users).
            found = [
                await collections.command({"count": FILES, "query": query}) for query in queries
            ]
        return FileCounts(*(int(each["n"]) for each in found))


async def popular(server: Server, limit: int) -> list[FileRecord]:
    """See Ledger."""
    return await _list(server, {**_listed(), "plays": {"$gt": 0}}, "plays", limit)


async def _list(server: Server, wanted: Document, field: str, limit: int) -> list[FileRecord]:
    if limit <= 0:
        return []
    async with server.asking() as collections:
        rows = collections[FILES].find(wanted, {"markers": False, "visit": False})
        rows = rows.sort([(field, DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [_record(row) async for row in rows]


def make(link: LinkRecord) -> list[UpdateOne]:
    """Sees to it that there is a document for the file of a link."""
    key: Document = {"_id": link.document_id}
    about = _about(link.ref, link.name, link.size)
    return [
        there(key, _NOTHING),
        UpdateOne({**key, "created": None}, {"$set": {**about, "created": moment(link.created)}}),
        UpdateOne(key, {"$min": {"created": moment(link.created)}}),
    ]


def take(mark: Mark, document_id: int, file: FileSum) -> list[UpdateOne]:
    """What became of a file."""
    key: Document = {"_id": document_id}
    update: Document = {"$inc": {"plays": file.plays, "bytes_served": file.bytes_served}}
    if file.ref is not None:
        update["$set"] = _about(file.ref, file.name, file.size)
    if file.last_play:
        update["$max"] = {"last_play": date(file.last_play)}
        update["$min"] = {"created": date(file.last_play)}
    return [there(key, _NOTHING), mark.change(key, update)]


_NOTHING: Final = {
    "chat_id": 0,
    "message_id": 0,
    "name": "",
    "size": 0,
    "plays": 0,
    "bytes_served": 0,
}


def _listed() -> Document:
    return {"created": {"$gt": moment(0)}}


def _about(ref: MessageRef, name: str, size: int) -> Document:
    name = storable(name)
    return {
        "chat_id": ref.chat_id,
        "message_id": ref.message_id,
        "name": name,
        "file_key": file_search_key(name),
        "size": size,
    }


def _record(document: Document) -> FileRecord:
    return FileRecord(
        document_id=document["_id"],
        ref=MessageRef(document["chat_id"], document["message_id"]),
        name=document["name"],
        size=document["size"],
        plays=document["plays"],
        bytes_served=document["bytes_served"],
        created=seconds(document.get("created")),
        last_play=seconds(document.get("last_play")),
    )
