"""Where copies of messages are, in MongoDB; a CopyStore.

One document for each message, under "chat/message". It has a `turn` while its copy is wanted, the
copy's place when there is one, or `gave_up`. Turns come from a counter: who waits longest has the
smallest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import UpdateOne

from telpher.core.model import MessageRef
from telpher.storage.mongo.bulk import bring, write
from telpher.storage.mongo.schema import COPIES, COUNTERS
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import fits, storable

_COUNTER: Final = "copies"

_WANTED: Final = {"turn": {"$gt": 0}}


class MongoCopies:
    """See CopyStore. A call that breaks off may have kept some places of many; repeated, it keeps
    all."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def place(self, ref: MessageRef) -> MessageRef | None:
        """See CopyStore."""
        async with self._server.asking() as collections:
            found = await collections[COPIES].find_one(
                {"_id": _key(ref), "place_chat": {"$ne": None}}
            )
        return MessageRef(found["place_chat"], found["place_message"]) if found else None

    async def want(self, refs: Sequence[MessageRef]) -> None:
        """See CopyStore."""
        first = await self._turns(len(refs))
        queued = [
            {"chat_id": ref.chat_id, "message_id": ref.message_id, "turn": turn}
            for turn, ref in enumerate(refs, first)
        ]
        changes = [
            UpdateOne({"_id": _key(ref)}, {"$setOnInsert": fields}, upsert=True)
            for ref, fields in zip(refs, queued, strict=True)
            if fits(ref.chat_id, ref.message_id)
        ]
        await write(self._server, COPIES, changes)

    async def wanted(self, limit: int) -> list[MessageRef]:
        """See CopyStore."""
        if limit <= 0:
            return []
        async with self._server.asking() as collections:
            oldest = await collections[COPIES].find_one(_WANTED, sort=[("turn", 1)])
            if oldest is None:
                return []
            same_chat: Document = {**_WANTED, "chat_id": oldest["chat_id"]}
            rows = collections[COPIES].find(same_chat).sort("turn", 1).limit(limit)
            return [MessageRef(row["chat_id"], row["message_id"]) async for row in rows]

    async def postpone(self, ref: MessageRef) -> None:
        """See CopyStore."""
        turn = await self._turns(1)
        async with self._server.asking() as collections:
            await collections[COPIES].update_one(
                {"_id": _key(ref), **_WANTED}, {"$set": {"turn": turn}}
            )

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        """See CopyStore."""
        changes = [
            _settled(ref, {"place_chat": place.chat_id, "place_message": place.message_id})
            for ref, place in places.items()
        ]
        await write(self._server, COPIES, changes)

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        """See CopyStore."""
        await write(self._server, COPIES, [_settled(ref, {"gave_up": storable(reason)})])

    async def _turns(self, count: int) -> int:
        """The first of so many turns that nobody has had."""
        async with self._server.asking() as collections:
            found = await bring(collections[COUNTERS], _COUNTER, {"$inc": {"last": count}})
        return int(found["last"]) - count + 1


def _settled(ref: MessageRef, fields: Document) -> UpdateOne:
    about = {"chat_id": ref.chat_id, "message_id": ref.message_id, **fields}
    return UpdateOne({"_id": _key(ref)}, {"$set": about, "$unset": {"turn": ""}}, upsert=True)


def _key(ref: MessageRef) -> str:
    return f"{ref.chat_id}/{ref.message_id}"
