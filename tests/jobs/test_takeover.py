"""People from a file and from a real collection, into a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pymongo
import pytest
from bson import Int64, ObjectId

from telpher.clock import FakeClock
from telpher.errors import SettingsError
from telpher.jobs.takeover import Sources, take_over
from telpher.storage.sqlite import SqliteDatabase
from tests.storage.mongod import Mongod

JOINED = datetime(2023, 5, 6, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def database(tmp_path, clock):
    """Opens the same file each time."""
    return lambda: SqliteDatabase(tmp_path / "work" / "telpher.sqlite3", clock)


@pytest.fixture
def said():
    return []


async def test_a_file_is_taken_over_and_what_is_broken_is_told_of(tmp_path, database, clock, said):
    path = tmp_path / "users.json"
    records = [
        {"user_id": 7, "first_name": "Ann", "join_date": JOINED.isoformat(), "total_files": 3},
        {"user_id": 7, "first_name": "Anna", "last_seen": JOINED.isoformat(), "total_streams": 2},
        {"name": "nobody"},
    ]
    path.write_text(json.dumps(records, indent=1)[:-2] + ',\n{"id": 8, oops}]')
    whole = await take_over(Sources([path]), database(), clock, said.append)
    assert not whole
    assert "read 4: 1 new, 1 merged, 2 unreadable" in said
    assert any("line 14" in line and "no user id" in line for line in said)
    assert any("line 17" in line for line in said)
    async with database() as opened:
        ann = await opened.users.get(7)
        assert (ann.person.first_name, ann.total_files, ann.total_streams) == ("Anna", 3, 2)
        assert ann.join_date == ann.last_seen == JOINED.timestamp()
        assert await opened.users.audience(0, 10) == [7]


async def test_a_dry_run_changes_nothing(tmp_path, database, clock, said):
    path = tmp_path / "users.json"
    path.write_text('{"7": {}, "8": {}}')
    assert await take_over(Sources([path]), database(), clock, said.append, dry_run=True)
    assert said == [
        "read 2: 2 new, 0 merged, 0 unreadable",
        "This was a dry run: nothing was changed.",
    ]
    async with database() as opened:
        assert await opened.users.audience(0, 10) == []


async def test_progress_is_told_now_and_then(tmp_path, database, clock, said):
    path = tmp_path / "users.json"
    path.write_text(json.dumps(list(range(1, 25_001))))
    assert await take_over(Sources([path]), database(), clock, said.append)
    assert [line.partition(":")[0] for line in said] == ["read 10000", "read 20000", "read 25000"]


async def test_a_database_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path, clock, said):
    (tmp_path / "work").write_text("not a folder")
    path = tmp_path / "users.json"
    path.write_text("[1, 2]")
    closed = SqliteDatabase(tmp_path / "work" / "telpher.sqlite3", clock)
    assert not await take_over(Sources([path]), closed, clock, said.append)
    assert said[0].startswith("stopped: ")
    assert said[-1] == "read 0: 0 new, 0 merged, 0 unreadable"


async def test_a_collection_is_taken_over(tmp_path, database, clock, said):
    server = Mongod(log=tmp_path / "log")
    server.start()
    try:
        with pymongo.MongoClient(server.url) as client:
            client.original.people.insert_many(
                [
                    {
                        "_id": ObjectId(),
                        "user_id": Int64(7),
                        "join_date": JOINED,
                        "username": "ann",
                    },
                    {"_id": ObjectId(), "user_id": 7, "total_files": 5, "banned": True},
                    {"_id": 8, "first_name": "Ben"},
                    {"_id": ObjectId(), "first_name": "nobody"},
                ]
            )
        sources = Sources(url=f"{server.url}/original", collection="people")
        assert not await take_over(sources, database(), clock, said.append)
    finally:
        server.stop()
    assert said[-1] == "read 4: 2 new, 1 merged, 1 unreadable"
    async with database() as opened:
        ann = await opened.users.get(7)
        assert (ann.person.username, ann.total_files, ann.banned) == ("ann", 5, True)
        assert ann.join_date == JOINED.timestamp()
        assert (await opened.users.get(8)).person.first_name == "Ben"


async def test_a_collection_that_is_empty_is_no_success(tmp_path, database, clock, said):
    server = Mongod(log=tmp_path / "log")
    server.start()
    try:
        sources = Sources(url=f"{server.url}/original")
        assert not await take_over(sources, database(), clock, said.append)
    finally:
        server.stop()
    assert "empty" in said[0]


async def test_a_url_that_is_none_is_a_wrong_setting(database, clock, said):
    with pytest.raises(SettingsError, match="not a MongoDB URL"):
        await take_over(Sources(url="mongodb://:sesame@/"), database(), clock, said.append)
