"""SQLite files in every kind of trouble."""

import asyncio
import resource
import sqlite3
import threading
from contextlib import closing

import pytest

from telpher.errors import StorageError
from telpher.storage.sqlite import SqliteFile
from telpher.storage.sqlite.lane import Lane
from tests.observe.diagnosis.produced.test_machine import limited

STEPS = ["CREATE TABLE films (name TEXT)"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "telpher.sqlite3"


def insert(connection):
    connection.execute("INSERT INTO films VALUES (?)", ("x" * 100_000,))


async def begun(path):
    async with SqliteFile(path, STEPS) as file:
        await file.write(insert)


async def failing(file, work=insert) -> StorageError:
    with pytest.raises(StorageError) as caught:
        await file.write(work)
    return caught.value


@pytest.mark.produces("sqlite-locked")
async def test_another_program_writes(path, diagnosed):
    await begun(path)
    async with SqliteFile(path, STEPS) as file:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            diagnosed(await failing(file))


@pytest.mark.produces("sqlite-damaged")
async def test_a_file_that_is_no_database(path, diagnosed):
    path.write_bytes(b"not a database " * 500)
    await begun(path)
    await diagnosed.logged()


@pytest.mark.produces("sqlite-full")
async def test_a_database_that_may_not_grow(path, diagnosed):
    def fill(connection):
        connection.execute("PRAGMA max_page_count = 10")
        insert(connection)

    async with SqliteFile(path, STEPS) as file:
        diagnosed(await failing(file, fill))


@pytest.mark.produces("sqlite-disk-error")
async def test_a_disk_that_takes_no_more(path, diagnosed):
    await begun(path)
    async with SqliteFile(path, STEPS) as file:
        with limited(resource.RLIMIT_FSIZE, 64 << 10):
            diagnosed(await failing(file))


@pytest.mark.produces("sqlite-read-only")
async def test_a_file_that_can_only_be_read(path, diagnosed):
    await begun(path)
    path.with_name(path.name + "-wal").mkdir()
    async with SqliteFile(path, STEPS) as file:
        await file.read(lambda connection: None)
        diagnosed(await failing(file))
        await diagnosed.logged()


@pytest.mark.produces("sqlite-newer")
async def test_a_file_of_a_newer_telpher(path, diagnosed):
    async with SqliteFile(path, [*STEPS, "CREATE TABLE more (a)"]) as file:
        await file.write(insert)
    async with SqliteFile(path, STEPS) as file:
        diagnosed(await failing(file))


@pytest.mark.produces("sqlite-cannot-open")
def test_a_folder_in_the_place_of_the_file(tmp_path, diagnosed):
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path).execute("SELECT 1")
    diagnosed(caught.value)


@pytest.mark.produces("sqlite-replaced")
async def test_a_file_that_is_deleted_while_in_use(path, diagnosed):
    async with SqliteFile(path, STEPS) as file:
        await file.write(insert)
        path.unlink()
        await file.write(insert)
    await diagnosed.logged()


@pytest.mark.produces("database-slow")
async def test_work_that_takes_too_long(diagnosed):
    release = threading.Event()
    lane = Lane("telpher.sqlite3", 0.01, lambda: None)
    try:
        with pytest.raises(StorageError) as caught:
            await lane.run(release.wait)
        diagnosed(caught.value)
    finally:
        release.set()
        async with asyncio.timeout(60):
            await lane.close(lambda: None)
