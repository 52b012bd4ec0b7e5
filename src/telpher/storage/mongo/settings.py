"""What is set at run time: values, and where conversations stand; in MongoDB."""

from __future__ import annotations

from telpher.core.records import Dialogue, Value
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.schema import DIALOGUES, VALUES
from telpher.storage.mongo.server import Server
from telpher.storage.scalars import fits, storable


class MongoValues:
    """See ValueStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, name: str) -> Value | None:
        """See ValueStore."""
        async with self._server.asking() as collections:
            found = await collections[VALUES].find_one({"_id": storable(name)})
        return Value(bytes(found["data"]), seconds(found["changed"])) if found else None

    async def put(self, name: str, data: bytes, at: float) -> None:
        """See ValueStore."""
        fields = {"data": data, "changed": moment(at)}
        async with self._server.asking() as collections:
            await collections[VALUES].replace_one({"_id": storable(name)}, fields, upsert=True)

    async def drop(self, name: str) -> None:
        """See ValueStore."""
        async with self._server.asking() as collections:
            await collections[VALUES].delete_one({"_id": storable(name)})


class MongoDialogues:
    """See DialogueStore. What is over is forgotten by `Ledger.sweep`, not by an index with an end
    (TTL): that would go by another clock than `get`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, user_id: int, now: float) -> Dialogue | None:
        """See DialogueStore."""
        if not fits(user_id):
            return None
        wanted = {"_id": user_id, "expires": {"$gt": moment(now)}}
        async with self._server.asking() as collections:
            found = await collections[DIALOGUES].find_one(wanted)
        if found is None:
            return None
        return Dialogue(user_id, found["step"], found["data"], seconds(found["expires"]))

    async def put(self, dialogue: Dialogue) -> None:
        """See DialogueStore."""
        fields = {
            "step": storable(dialogue.step),
            "data": storable(dialogue.data),
            "expires": moment(dialogue.expires),
        }
        async with self._server.asking() as collections:
            await collections[DIALOGUES].replace_one({"_id": dialogue.user_id}, fields, upsert=True)

    async def drop(self, user_id: int) -> None:
        """See DialogueStore."""
        if fits(user_id):
            async with self._server.asking() as collections:
                await collections[DIALOGUES].delete_one({"_id": user_id})
