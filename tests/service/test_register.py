from __future__ import annotations

import pytest

from telpher.core.model import MessageRef
from telpher.core.records import LinkRecord
from telpher.core.tally import LinkMade
from telpher.errors import StorageError
from telpher.service.register import MOST_KNOWN, Entry, Register


def link(link_id=1, owner=7, playlist=""):
    ref = MessageRef(7, 1)
    return LinkRecord(link_id, owner, ref, 1.5, 0, 0, 99, "a.mp4", 10, playlist=playlist)


class Database:
    """Its own link store, and the journal."""

    def __init__(self):
        self.links = {}
        self.away = False
        self.asked = 0
        self.events = []

    async def get(self, link_id):
        self.asked += 1
        if self.away:
            raise StorageError("away")
        return self.links.get(link_id)

    async def kept(self, *events):
        self.events += events


async def test_the_owner_of_a_link_that_was_entered_is_known_without_asking():
    database = Database()
    register = Register(database, database)
    await register.enter(link(1), link(2))
    assert database.events == [LinkMade(link(1)), LinkMade(link(2))]
    assert (await register.owner_of(1), register.known_owner(2)) == (7, 7)
    assert database.asked == 0


async def test_another_one_is_looked_up_once():
    database = Database()
    database.links[5] = link(5, 8)
    register = Register(database, database)
    assert register.known_owner(5) is None
    assert [await register.owner_of(5) for _ in range(3)] == [8, 8, 8]
    assert database.asked == 1


async def test_nobody_is_known_while_the_database_is_away_but_later():
    database = Database()
    database.away = True
    database.links[5] = link(5, 8)
    register = Register(database, database)
    assert await register.owner_of(5) is None
    assert await register.owner_of(6) is None
    database.away = False
    assert await register.owner_of(5) == 8


async def test_what_else_is_known_of_a_link():
    database = Database()
    database.links[5] = link(5, 8, "a playlist")
    register = Register(database, database)
    await register.enter(link(1))
    assert await register.find(1) == register.known(1) == Entry(7, "", 10)
    assert register.known(5) is None
    assert await register.find(5) == await register.find(5) == Entry(8, "a playlist", 10)
    assert database.asked == 1
    assert await register.find(6) is None
    database.away = True
    with pytest.raises(StorageError):
        await register.find(6)


async def test_memory_is_bounded():
    database = Database()
    register = Register(database, database)
    await register.enter(*(link(number) for number in range(1, MOST_KNOWN + 11)))
    assert register.known_owner(10) is None
    assert register.known_owner(11) == 7
