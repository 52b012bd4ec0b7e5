"""Leases, and the sessions that are written under them, in MongoDB.

Time is the server's (`$$NOW`), the same for all instances, so that no clock but one has to be
right. Dates are compared as numbers: some servers that speak MongoDB's protocol do not put a stored
date and `$$NOW` in order. A document stays when its lease has ended: fences never go back.
"""

from __future__ import annotations

from typing import Any, Final

from bson.datetime_ms import DatetimeMS

from telpher.core.records import Lease
from telpher.storage.mongo.bulk import bring
from telpher.storage.mongo.schema import LEASES, SESSIONS
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import fits, storable

_LONG_AGO: Final = DatetimeMS(0)

_NOW: Final = {"$toLong": "$$NOW"}
_ENDS: Final = {"$toLong": {"$ifNull": ["$ends", _LONG_AGO]}}

# Whether anybody has it.
_HELD: Final = {"$gt": [_ENDS, _NOW]}


class MongoLeases:
    """See LeaseStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See LeaseStore."""
        name, holder = storable(name), storable(holder)
        async with self._server.asking() as collections:
            found = await bring(collections[LEASES], name, [{"$set": _taken(holder, seconds)}])
        return Lease(name, holder, found["fence"]) if found["holder"] == holder else None

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """See LeaseStore."""
        async with self._server.asking() as collections:
            found = await collections[LEASES].update_one(
                {**_key(lease), "$expr": _HELD}, [{"$set": {"ends": _in(seconds)}}]
            )
        return found.matched_count > 0

    async def release(self, lease: Lease) -> None:
        """See LeaseStore."""
        async with self._server.asking() as collections:
            await collections[LEASES].update_one(_key(lease), {"$set": {"ends": _LONG_AGO}})


class MongoSessions:
    """See SessionStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def load(self, name: str) -> bytes | None:
        """See SessionStore."""
        async with self._server.asking() as collections:
            found = await collections[SESSIONS].find_one({"_id": storable(name)})
        return bytes(found["data"]) if found else None

    async def save(self, name: str, fence: int, data: bytes) -> bool:
        """See SessionStore."""
        if not fits(fence):
            return False
        newer = {"$gt": [{"$ifNull": ["$fence", fence]}, fence]}
        kept = {
            "data": {"$cond": [newer, "$data", {"$literal": data}]},
            "fence": {"$cond": [newer, "$fence", fence]},
        }
        async with self._server.asking() as collections:
            found = await bring(collections[SESSIONS], storable(name), [{"$set": kept}], ["fence"])
        return bool(found["fence"] == fence)


def _taken(holder: str, seconds: float) -> Document:
    """The lease's fields once `holder` has asked for it; all see the document as it was before."""
    mine: Document = {"$literal": holder}
    somebody_elses = {"$and": [_HELD, {"$ne": ["$holder", mine]}]}
    return {
        "holder": {"$cond": [_HELD, "$holder", mine]},
        "fence": {"$cond": [_HELD, "$fence", {"$add": [{"$ifNull": ["$fence", 0]}, 1]}]},
        "ends": {"$cond": [somebody_elses, "$ends", _in(seconds)]},
    }


def _in(seconds: float) -> dict[str, Any]:
    return {"$add": ["$$NOW", round(seconds * 1000)]}


def _key(lease: Lease) -> Document:
    return {"_id": storable(lease.name), "holder": storable(lease.holder), "fence": lease.fence}
