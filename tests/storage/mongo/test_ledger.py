"""A tally counts once, wherever it broke off; markers do not pile up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bson.datetime_ms import DatetimeMS

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.core.tally import (
    BatchMade,
    BytesServed,
    ErrorShown,
    LinkMade,
    PersonSeen,
    PlayBegun,
    tally,
)
from telpher.errors import StorageError
from telpher.storage.mongo import MongoDatabase
from telpher.storage.mongo.ledger import MongoLedger
from telpher.storage.mongo.marks import short
from telpher.storage.mongo.server import Collections, Server
from tests.storage.contract.makers import ANN, BOB, DAY, NOW, link, person
from tests.storage.mongo.conftest import PATIENCE

pytestmark = pytest.mark.slow  # a server is started

WHAT = tally(
    [
        PersonSeen(person(ANN), NOW),
        LinkMade(link(1)),
        LinkMade(link(2, BOB)),
        PlayBegun(1, 5001, MessageRef(ANN, 1), "film", 9, NOW),
        BytesServed(1, 5001, 100, NOW),
        BatchMade(BOB, NOW),
        ErrorShown("gone", NOW),
    ]
)


class Breaking(Server):
    """A server whose questions fail from one on: before they are asked, or after (the answer is
    lost)."""

    healthy = 10**9
    lost = False

    @asynccontextmanager
    async def asking(self, *, anyway: bool = False) -> AsyncIterator[Collections]:
        self.healthy -= 1
        if self.healthy < 0 and not self.lost:
            raise StorageError("broken off")
        async with super().asking(anyway=anyway) as collections:
            yield collections
        if self.healthy < 0:
            raise StorageError("the answer is lost")


@pytest.fixture
async def server(url: str, clock: FakeClock) -> AsyncIterator[Breaking]:
    server = Breaking(url, clock, PATIENCE)
    server.open()
    yield server
    await server.close()


async def state(raw: Any) -> dict[str, list[dict[str, Any]]]:
    """Everything that is counted."""
    names = sorted(await raw.list_collection_names())
    return {
        name: await raw[name].find({}, {"at": False}).sort("_id", 1).to_list() for name in names
    }


@pytest.mark.parametrize("lost", [False, True])
async def test_a_tally_that_breaks_off_anywhere_counts_once_when_repeated(
    server, clock, raw, database: MongoDatabase, lost
):
    ledger = MongoLedger(server)
    await ledger.apply("other", 1, tally([PersonSeen(person(BOB), NOW - 5)]))
    assert await ledger.apply("w", 1, WHAT) == [ANN]
    right = await state(raw)
    assert right["telpher.totals"][0]["bytes_served"] == 100
    server.lost = lost
    for healthy in range(100):
        await _empty(raw)
        await ledger.apply("other", 1, tally([PersonSeen(person(BOB), NOW - 5)]))
        server.healthy = healthy
        try:
            await ledger.apply("w", 1, WHAT)
            whole = True
        except StorageError:
            whole = False
        server.healthy = 10**9
        assert await ledger.apply("w", 1, WHAT) == [ANN]
        assert await state(raw) == right
        if whole:
            break
    assert healthy > 8
    assert await database.ledger.apply("w", 1, WHAT) == [ANN]
    assert await database.ledger.apply("w", 2, tally([])) == []
    assert await database.ledger.apply("w", 1, WHAT) == []


async def test_another_writer_in_between_loses_nothing(server, clock, raw, database):
    ledger = MongoLedger(server)
    for healthy in range(4, 9):
        await _empty(raw)
        server.healthy = healthy
        with pytest.raises(StorageError):
            await ledger.apply("w", 1, WHAT)
        server.healthy = 10**9
        await ledger.apply("x", 1, tally([LinkMade(link(1)), BytesServed(1, 5001, 11, NOW)]))
        await ledger.apply("w", 1, WHAT)
        assert (await database.links.get(1)).bytes_served == 111
        assert (await database.users.get(ANN)).bytes_served == 111
        assert (await database.users.get(ANN)).total_files == 1
        assert await database.ledger.used(ANN, int(NOW) // DAY * DAY) == 111
        assert (await database.ledger.totals()).bytes_served == 111


async def test_markers_of_writers_that_are_gone_are_taken_out(raw, database):
    served = tally([LinkMade(link(1)), BytesServed(1, 5001, 1, NOW)])
    for writer in ("old", "broken", "other"):
        await database.ledger.apply(writer, 1, served)
    writers = raw["telpher.writers"]
    await writers.update_one({"_id": short("broken")}, {"$set": {"began": 2}})
    long_ago = DatetimeMS(int((await writers.find_one())["at"].timestamp() * 1000) - 3 * DAY * 1000)
    await writers.update_many(
        {"_id": {"$in": [short("old"), short("broken")]}}, {"$set": {"at": long_ago}}
    )
    await database.ledger.apply("new", 1, served)
    left = {short("broken"), short("other"), short("new")}
    for name in ("telpher.links", "telpher.files", "telpher.hours", "telpher.totals", "users"):
        assert {*(await raw[name].find_one())["markers"]} == left, name
    assert (await database.links.get(1)).bytes_served == 4


async def test_writers_and_conversations_are_forgotten_when_statistics_are(raw, database):
    await database.ledger.apply("old", 1, tally([]))
    await raw["telpher.writers"].update_one({}, {"$set": {"at": DatetimeMS(1000)}})
    await database.ledger.apply("new", 1, tally([]))
    await database.ledger.sweep(NOW)
    assert [row["_id"] async for row in raw["telpher.writers"].find()] == [short("new")]


async def _empty(raw: Any) -> None:
    for name in await raw.list_collection_names():
        await raw[name].delete_many({})
