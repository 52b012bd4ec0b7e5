"""The database as a whole: what outlives an instance, and what it says of itself."""

from __future__ import annotations

import pytest

from telpher.core.model import MessageRef
from telpher.core.records import Dialogue
from telpher.core.tally import LinkMade, PersonSeen
from telpher.errors import StorageError
from telpher.storage.base import DatabaseStatus
from tests.storage.contract.makers import ANN, NOW, happen, job, link, person, playlist


async def test_it_says_how_it_is(place):
    async with place.open() as database:
        await database.ping()
        assert database.status() == DatabaseStatus("connected", place.type)


async def test_everything_is_there_after_a_restart(place):
    ref = MessageRef(1, 2)
    async with place.open() as database:
        await happen(database, PersonSeen(person(), NOW), LinkMade(link(1)))
        await database.links.revoke(1, NOW)
        await database.playlists.put(playlist())
        await database.jobs.add(job())
        await database.sessions.save("s", 1, b"x")
        await database.values.put("v", b"x", NOW)
        await database.dialogues.put(Dialogue(ANN, "s", "{}", NOW))
        await database.copies.keep({ref: ref})
    async with place.open() as database:
        assert (await database.users.get(ANN)).person == person()
        assert (await database.links.get(1)).revoked == NOW
        assert await database.playlists.get("p1") is not None
        assert await database.jobs.get("j1") == job()
        assert await database.sessions.load("s") == b"x"
        assert await database.values.get("v") is not None
        assert await database.dialogues.get(ANN, 0) is not None
        assert await database.copies.place(ref) == ref
        assert await happen(database, PersonSeen(person(), NOW), LinkMade(link(1))) == [ANN]
        assert (await database.ledger.totals()).files == 1


async def test_instances_see_what_the_others_do(place):
    async with place.open() as here, place.open() as there:
        await happen(here, PersonSeen(person(), NOW), LinkMade(link(1)))
        assert await there.users.get(ANN) == await here.users.get(ANN)
        await there.users.set_banned(ANN, True, NOW)
        assert (await here.links.get(1)).owner_banned
        assert (await here.users.counts(NOW)).banned == 1
        assert (await there.users.counts(NOW)).banned == 1


async def test_places_do_not_see_each_other(backend):
    async with backend().open() as here, backend().open() as there:
        await happen(here, PersonSeen(person(), NOW))
        assert await there.users.get(ANN) is None


async def test_after_the_end_it_refuses(place):
    async with place.open() as database:
        pass
    with pytest.raises(StorageError):
        await database.ping()
    with pytest.raises(StorageError):
        await database.users.get(ANN)
    assert database.status().status == "unreachable"
