"""Databases that are empty, old, new, damaged, without indexes, and away: real ones of both kinds.

Whatever is found, nothing in them is changed by the look.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pymongo
import pytest
from pydantic import SecretStr

from telpher.check.report import Status
from telpher.clock import SystemClock
from telpher.storage.mongo import MongoDatabase
from telpher.storage.sqlite import SqliteDatabase
from tests.check.house import Patient


@pytest.fixture
async def file(patient: Patient) -> Path:
    """The database of a telpher that has run."""
    path = patient.folder / "work" / "telpher.sqlite3"
    async with SqliteDatabase(path, SystemClock()):
        pass
    return path


def run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement)


async def test_an_empty_folder_is_no_fault(patient: Patient) -> None:
    found = await patient.examined()
    assert found["database"].status is Status.OK
    assert "empty so far" in found["database"].found


async def test_one_that_was_used_has_its_indexes(patient: Patient, file) -> None:
    found = await patient.examined()
    assert found["database"].status is Status.OK
    assert found["indexes"].status is Status.OK


async def test_a_missing_index_is_named_with_what_makes_it(patient: Patient, file) -> None:
    run(file, "DROP INDEX users_by_last_seen")
    found = await patient.examined()
    assert found["indexes"].status is Status.WARNING
    statement = found["indexes"].found.partition(": ")[2].rstrip(".")
    run(file, statement)
    assert (await patient.examined())["indexes"].status is Status.OK


async def test_a_damaged_file_is_left_where_it_is(patient: Patient, file) -> None:
    damaged = b"no database at all" * 1000
    file.write_bytes(damaged)
    found = await patient.examined()
    assert found.failed == {"database"}, found.lines
    assert "backup" in found["database"].remedy
    assert file.read_bytes() == damaged
    assert not list(file.parent.glob("*.damaged"))


async def test_a_file_of_another_version_is_left_as_it_is(patient: Patient, file) -> None:
    run(file, "PRAGMA user_version=999")
    newer = await patient.examined()
    assert newer.failed == {"database"}, newer.lines
    assert "newer telpher" in newer["database"].found
    run(file, "PRAGMA user_version=1")
    older = await patient.examined()
    assert older.failed == set(), older.lines
    assert "older telpher" in older["database"].found
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_folder_that_cannot_be_had(patient: Patient) -> None:
    (patient.folder / "work").write_text("a file")
    found = await patient.examined()
    assert found.failed == {"WORK_DIR", "database"}, found.lines
    assert found["bot"].status is Status.OK


async def test_mongodb_before_telpher_ever_ran_is_not_touched(patient: Patient, new_mongo) -> None:
    url = new_mongo()
    with pymongo.MongoClient(url) as client:
        people = client.get_default_database()["users"]
        people.insert_many([{"id": 7}, {"id": 7, "join_date": "2020-01-01"}])
        found = await patient.examined(database_url=SecretStr(url))
        assert found["database"].status is Status.OK, found.lines
        assert "indexes" not in found
        assert people.count_documents({"id": 7}) == 2
        assert list(people.index_information()) == ["_id_"]


async def test_indexes_that_mongodb_lacks_are_named(patient: Patient, new_mongo) -> None:
    url = new_mongo()
    async with MongoDatabase(url, SystemClock()) as database:
        await database.prepared()
    settings = {"database_url": SecretStr(url)}
    assert (await patient.examined(**settings))["indexes"].status is Status.OK
    with pymongo.MongoClient(url) as client:
        client.get_default_database()["users"].drop_index([("last_seen", pymongo.DESCENDING)])
        client.get_default_database()["telpher.jobs"].drop_indexes()
    found = await patient.examined(**settings)
    assert found["indexes"].status is Status.WARNING
    for words in ("3 missing", "users -last_seen", "telpher.jobs kind"):
        assert words in found["indexes"].found


async def test_mongodb_that_is_away_fails_alone(patient: Patient) -> None:
    away = SecretStr("mongodb://somebody:hunter22@127.0.0.1:9/telpher?connectTimeoutMS=100")
    found = await patient.examined(database_url=away)
    assert found.failed == {"database"}, found.lines
    assert found["database"].remedy
    assert "hunter22" not in found.lines


async def test_a_url_with_an_option_that_is_none_is_a_mistake_in_the_settings(
    patient: Patient,
) -> None:
    found = await patient.examined(database_url=SecretStr("mongodb://127.0.0.1:9/t?tls=perhaps"))
    assert found.failed == {"settings"}, found.lines
    assert found["bot"].status is Status.OK
