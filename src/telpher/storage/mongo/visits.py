"""How many different people and files there were in each span of time, in MongoDB.

A document remembers the hour of its last visit that counted (core/spans), the one before, and which
tally told of it:

    {"visit": {"hour": <date>, "before": <date>, "by": "<writer>:<number>"}}

It changes with the first visit of an hour alone. Whoever carries this tally's name afterwards has
come with it, also when the tally is repeated; the counters they come to carry markers like all
others (`ledger`). What that cannot tell: a visit that another writer told of in a later hour, after
this tally broke off and before it is repeated. It counts for the later hour only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from pymongo import UpdateOne

from telpher.core.spans import Span, Start, entered, start_of
from telpher.storage.mongo.bulk import sliced, write
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.marks import Mark
from telpher.storage.mongo.schema import ACTIVITY, FILES, USERS
from telpher.storage.mongo.server import Server
from telpher.storage.mongo.sums import there

# What the documents go by.
_NUMBER: Final = {USERS: "id", FILES: "_id"}


async def count(
    server: Server, mark: Mark, people: Mapping[int, float], files: Mapping[int, float]
) -> None:
    """Counts visits: when people (by id) were seen and files (by id) were played."""
    users_there = await _entered(server, mark, USERS, people)
    files_there = await _entered(server, mark, FILES, files)
    changes: list[UpdateOne] = []
    for span, start in sorted(users_there | files_there):
        key = {"_id": f"{span}/{start}"}
        more = {"users": users_there[span, start], "files": files_there[span, start]}
        changes.append(there(key, {"span": span.value, "start": moment(start)}))
        changes.append(mark.change(key, {"$inc": more}))
    await write(server, ACTIVITY, changes)


async def _entered(
    server: Server, mark: Mark, name: str, visits: Mapping[int, float]
) -> Counter[Start]:
    number = _NUMBER[name]
    hours = {each: start_of(Span.HOUR, at) for each, at in visits.items()}
    await write(server, name, [_came(mark, number, *item) for item in hours.items()])
    found: Counter[Start] = Counter()
    for some in sliced([*hours]):
        wanted = {number: {"$in": some}, "visit.by": mark.born}
        async with server.asking() as collections:
            async for row in collections[name].find(wanted, {number: True, "visit": True}):
                found.update(entered(seconds(row["visit"]["before"]), hours[row[number]]))
    return found


def _came(mark: Mark, number: str, who: int, hour: int) -> UpdateOne:
    """Notes the visit, unless there was one in that hour or later."""
    earlier = {number: who, "visit.hour": {"$not": {"$gte": moment(hour)}}}
    before = {"$ifNull": ["$visit.hour", None]}
    visit = {"hour": moment(hour), "before": before, "by": mark.born}
    return UpdateOne(earlier, [{"$set": {"visit": visit}}])
