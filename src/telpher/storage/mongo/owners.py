"""What the ban of an owner means for the links.

Two documents of two collections are to agree, and there are no transactions. So whoever changes one
side looks at the other afterwards: who bans corrects the links that are there after the ban, who
writes a link looks for a ban after the link is there. One of them sees both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from telpher.storage.mongo.bulk import SLICE, sliced
from telpher.storage.mongo.forms import moment
from telpher.storage.mongo.schema import LINKS, USERS
from telpher.storage.mongo.server import Document, Server

# A ban and its pardon in the same moment need two; nobody goes on changing their mind for longer.
_ROUNDS: Final = 5


async def settle(
    server: Server,
    owners: Collection[int],
    among: Sequence[int] | None = None,
    at: float | None = None,
) -> None:
    """Has the links of `owners` (`among` these) live or die with them; what changes by that changes
    at `at`, or now by the server's time. In slices, each bounded: some have made many links. Raises
    StorageError."""
    at = await server.now() if at is None else at
    for some in sliced(list(owners)):
        banned = await _banned(server, some)
        for _ in range(_ROUNDS):
            for dead in (True, False):
                those = [owner for owner in some if (owner in banned) == dead]
                await _mark(server, _whose(those, among), dead, at)
            before, banned = banned, await _banned(server, some)
            if before == banned:
                break


async def _banned(server: Server, owners: Sequence[int]) -> set[int]:
    wanted = {"id": {"$in": owners}, "banned": True}
    async with server.asking() as collections:
        return {row["id"] async for row in collections[USERS].find(wanted, {"id": True})}


def _whose(owners: Sequence[int], among: Sequence[int] | None) -> Document:
    whose: Document = {"owner": {"$in": owners}}
    return whose if among is None else {**whose, "_id": {"$in": among}}


async def _mark(server: Server, whose: Document, dead: bool, at: float) -> None:
    wanted = {**whose, "owner_banned": not dead}
    more = bool(whose["owner"]["$in"])
    while more:
        async with server.asking() as collections:
            some = await collections[LINKS].find(wanted, {"_id": True}).limit(SLICE).to_list()
            more = len(some) == SLICE
            if not some:
                return
            these = {"_id": {"$in": [row["_id"] for row in some]}, "owner_banned": not dead}
            # What is revoked stays dead: that is no change.
            await collections[LINKS].update_many(
                {**these, "revoked": None},
                {"$set": {"owner_banned": dead, "changed": moment(at)}},
            )
            await collections[LINKS].update_many(these, {"$set": {"owner_banned": dead}})
