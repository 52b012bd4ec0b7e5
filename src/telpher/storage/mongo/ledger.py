"""Counters in MongoDB; a Ledger. How a tally is applied once, without transactions.

A tally changes many documents, and a standalone server changes one at a time. So each document that
is added to remembers, beside its sums, the number of the last tally of each writer that it has
taken in:

    {"_id": 7, "plays": 12, "markers": {"<writer>": 41}}

and is only ever changed where its marker is older: document and marker change together or not at
all. A call that broke off anywhere, or whose answer was lost, is repeated as a whole; what has the
marker is passed over. That is exactly once for each document, as long as a writer repeats its last
tally before it goes on to the next, and that is what Ledger.apply asks of it. Between two documents
(a link and its owner) sums differ for as long as the call lasts or is still to be repeated.

What needs no marker, because a repeat changes nothing: making a document unless it is there, and
setting what is newer or older than what is there. A document is first made, then added to, so that
"not changed" has one meaning: taken in already.

`telpher.writers` tells how far each writer is: which tally it `began` last, and with which it is
`done`. That bounds the markers. Those of a writer that has been silent for a day, and is done with
what it began, are of use to nobody: they are taken out of every document that is changed, of the
`_GONE` writers that fell silent last. So a document carries markers of writers that are around, and
of those that a document untouched for very long missed the passing of. What this relies on: no
server executes a request a day late. A writer is forgotten when it was silent for as long as
statistics are kept (`sweep`).

New users and links are those whose document says that this very tally bore them: a repeat answers
the same.
Sums since the beginning are one document of their own, `telpher.totals`: hours are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bson.datetime_ms import DatetimeMS
from pymongo import UpdateOne

from telpher.core.records import Activity, FileRecord, LinkRecord, Totals
from telpher.core.spans import Span
from telpher.core.tally import DAY, HourSum, LinkSum, Tally, UserSum
from telpher.storage.mongo import files, links, sums, visits
from telpher.storage.mongo.bulk import bring, sliced, write
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.marks import Mark, short
from telpher.storage.mongo.owners import settle
from telpher.storage.mongo.schema import (
    ACTIVITY,
    DAYS,
    DIALOGUES,
    FILES,
    HOURS,
    LINKS,
    TOTALS,
    USERS,
    WRITERS,
)
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import fits

# Writers whose markers are taken out at once: those of some weeks of daily deploys.
_GONE: Final = 50

_NOBODY: Final = UserSum()
_NOTHING: Final = LinkSum()


class MongoLedger:
    """See Ledger."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        """See Ledger. In slices, each bounded: a large tally may take longer than one answer."""
        key = short(writer)
        state = await self._begin(key, number)
        if number < state["began"]:
            return []
        mark = Mark(key, number, await self._gone(state["at"]))
        if state.get("done") != number:
            await self._take_in(mark, tally)
        new = await self._born(mark, _seen(tally))
        async with self._server.asking() as collections:
            await collections[WRITERS].update_one({"_id": key}, {"$max": {"done": number}})
        return new

    async def totals(self) -> Totals:
        """See Ledger."""
        async with self._server.asking() as collections:
            found = await collections[TOTALS].find_one({"_id": sums.ALL})
            played = await collections.command({"count": FILES, "query": {"plays": {"$gt": 0}}})
        total = sums.hour_of(found or {})
        return Totals(
            streams=total.streams,
            files=total.files,
            unique_files=int(played["n"]),
            bytes_served=total.bytes_served,
            batches=total.batches,
            errors=total.errors,
            answers=total.answers,
            waited=total.waited,
        )

    async def used(self, owner: int, day: int) -> int:
        """See Ledger."""
        async with self._server.asking() as collections:
            found = await collections[DAYS].find_one({"_id": sums.day_key(owner, day)})
        return int(found.get("bytes_served", 0)) if found else 0

    async def popular(self, limit: int) -> list[FileRecord]:
        """See Ledger."""
        return await files.popular(self._server, limit)

    async def hours(self, since: float, until: float) -> dict[int, HourSum]:
        """See Ledger."""
        span = {"$gte": moment(since), "$lt": moment(until)}
        async with self._server.asking() as collections:
            rows = collections[HOURS].find({"_id": span}, {"markers": False}).sort("_id", 1)
            return {int(seconds(row["_id"])): sums.hour_of(row) async for row in rows}

    async def activity(self, span: Span, since: float, until: float) -> dict[int, Activity]:
        """See Ledger."""
        starts = {"$gte": moment(since), "$lt": moment(until)}
        async with self._server.asking() as collections:
            rows = collections[ACTIVITY].find({"span": span.value, "start": starts})
            found = [(int(seconds(row["start"])), row) async for row in rows.sort("start", 1)]
        return {start: Activity(row.get("users", 0), row.get("files", 0)) for start, row in found}

    async def sweep(self, before: float) -> None:
        """See Ledger. Conversations that nobody went on with, and writers, are forgotten, too."""
        old = {"$lt": moment(before)}
        async with self._server.asking() as collections:
            await collections[HOURS].delete_many({"_id": old})
            await collections[DAYS].delete_many({"day": old})
            await collections[ACTIVITY].delete_many({"start": old})
            await collections[DIALOGUES].delete_many({"expires": old})
            await collections[WRITERS].delete_many({"at": old})

    async def _begin(self, writer: str, number: int) -> Document:
        """How far the writer is, after it said that it begins."""
        begun = {"$max": {"began": number}, "$currentDate": {"at": True}}
        async with self._server.asking() as collections:
            return await bring(collections[WRITERS], writer, begun)

    async def _gone(self, now: DatetimeMS) -> list[str]:
        """Writers that are done, and have been silent for a day of the server's time."""
        silent = {"at": {"$lt": DatetimeMS(int(now) - DAY * 1000)}}
        async with self._server.asking() as collections:
            rows = collections[WRITERS].find(silent).sort("at", -1).limit(_GONE)
            return [row["_id"] async for row in rows if row.get("done") == row["began"]]

    async def _take_in(self, mark: Mark, tally: Tally) -> None:
        tally = tally.with_files(await self._make_links(mark, tally))
        served, days = await self._owners(tally)
        users = {user_id for user_id in (*tally.users, *served) if fits(user_id)}
        await self._write(
            USERS,
            (
                sums.of_user(mark, user, tally.users.get(user, _NOBODY), served.get(user, _NOTHING))
                for user in sorted(users)
            ),
        )
        known = [item for item in tally.links.items() if fits(item[0])]
        await self._write(LINKS, (sums.of_link(mark, *item) for item in known))
        played = [item for item in tally.files.items() if fits(item[0])]
        await self._write(FILES, (files.take(mark, *item) for item in played))
        await self._write(DAYS, (sums.of_day(mark, *key, days[key]) for key in days))
        await self._write(HOURS, (sums.of_hour(mark, *item) for item in tally.hours.items()))
        await self._write(TOTALS, [sums.of_all(mark, tally.hours)])
        await visits.count(
            self._server,
            mark,
            {user: tally.users[user].seen for user in _seen(tally)},
            {document_id: file.last_play for document_id, file in played if file.plays},
        )

    async def _make_links(self, mark: Mark, tally: Tally) -> list[LinkRecord]:
        """Makes those that are not there; which these were, the first time, too."""
        new: dict[int, LinkRecord] = {}
        for some in sliced(tally.made):
            await write(self._server, LINKS, [links.make(link, mark.born) for link in some])
            await write(self._server, FILES, [each for link in some for each in files.make(link)])
            ids = [link.link_id for link in some]
            await settle(self._server, {link.owner for link in some}, ids)
            wanted = {"_id": {"$in": ids}, "born": mark.born}
            async with self._server.asking() as collections:
                born = {row["_id"] async for row in collections[LINKS].find(wanted, {"_id": True})}
            for link in some:
                if link.link_id in born:
                    new.setdefault(link.link_id, link)
        return [*new.values()]

    async def _owners(self, tally: Tally) -> tuple[dict[int, LinkSum], dict[tuple[int, int], int]]:
        """What went out by owner, and by owner and day; of links that are known."""
        served: dict[int, LinkSum] = {}
        for link_id, owner in (await self._owned([*filter(fits, tally.links)])).items():
            served.setdefault(owner, LinkSum()).add(tally.links[link_id])
        days = {
            (owner, day): count
            for owner, total in served.items()
            for day, count in total.days.items()
        }
        return served, days

    async def _owned(self, link_ids: list[int]) -> dict[int, int]:
        owners: dict[int, int] = {}
        for some in sliced(link_ids):
            async with self._server.asking() as collections:
                rows = collections[LINKS].find({"_id": {"$in": some}}, {"owner": True})
                owners |= {row["_id"]: row["owner"] async for row in rows}
        return owners

    async def _born(self, mark: Mark, user_ids: list[int]) -> list[int]:
        new: set[int] = set()
        for some in sliced(user_ids):
            wanted = {"id": {"$in": some}, "born": mark.born}
            async with self._server.asking() as collections:
                new |= {row["id"] async for row in collections[USERS].find(wanted, {"id": True})}
        return [user_id for user_id in user_ids if user_id in new]

    async def _write(self, name: str, changes: Iterable[list[UpdateOne]]) -> None:
        await write(self._server, name, [change for several in changes for change in several])


def _seen(tally: Tally) -> list[int]:
    """Who was seen, and not only counted for."""
    return [
        user_id
        for user_id, user in tally.users.items()
        if user.person is not None and fits(user_id)
    ]
