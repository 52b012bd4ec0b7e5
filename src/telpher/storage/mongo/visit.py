"""MongoDB as a visitor sees it: see `storage/visiting`."""

from __future__ import annotations

from types import TracebackType
from typing import Final

from pymongo import IndexModel

from telpher.clock import Clock
from telpher.storage.mongo.leases import MongoLeases, MongoSessions
from telpher.storage.mongo.schema import INDEXES, UNIQUE_ID, USERS
from telpher.storage.mongo.server import Collection, Server
from telpher.storage.seen import Seen

# Seconds for some fifteen questions, one after the other, over a slow connection.
_LOOK: Final = 15.0

# Fields and directions: what an index is known by, whatever it is called.
_Keys = tuple[tuple[str, object], ...]


class MongoVisit:
    """See Visited. Collections that are not there are made with the first lease."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._server = Server(url, clock)
        self.leases = MongoLeases(self._server)
        self.sessions = MongoSessions(self._server)

    async def __aenter__(self) -> MongoVisit:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.close()

    async def look(self) -> Seen:
        """See Visited."""
        self._server.open()
        async with self._server.asking(anyway=True) as collections:
            await collections.command("ping")
        wanted = {**INDEXES, USERS: [*INDEXES[USERS], UNIQUE_ID]}
        missing: list[str] = []
        found = 0
        async with self._server.toiling(_LOOK) as collections:
            for name, indexes in wanted.items():
                there = await _keys_of(collections[name])
                absent = [each for each in indexes if _keys(each) not in there]
                found += len(indexes) - len(absent)
                missing += [f"{name} {_words(each)}" for each in absent]
        if not found:
            return Seen("mongodb", fresh=True)
        return Seen("mongodb", missing=tuple(missing))


async def _keys_of(collection: Collection) -> set[_Keys]:
    known = await collection.index_information()
    return {tuple((field, way) for field, way in each["key"]) for each in known.values()}


def _keys(index: IndexModel) -> _Keys:
    return tuple(index.document["key"].items())


def _words(index: IndexModel) -> str:
    return ", ".join(field if way == 1 else f"-{field}" for field, way in _keys(index))
