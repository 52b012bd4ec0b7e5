"""Disks that are full, read-only, missing or damaged, and processes that are killed."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import stat
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.core.model import MessageRef
from telpher.errors import StorageError
from telpher.storage.sqlite import SqliteFile
from tests.storage.child import CHAT, copy_of
from tests.storage.old_copies import STEPS, SqliteCopyStore

ROOT = Path(__file__).parents[3]
REF, COPY = MessageRef(CHAT, 1), copy_of(1)

ONE = "CREATE TABLE one (a INTEGER)"
TWO = "ALTER TABLE one ADD COLUMN b INTEGER; INSERT INTO one VALUES (1, 2)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "copies.sqlite3"


def content(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, data: bytes, mode: int = 0o600) -> None:
    path.write_bytes(data)
    path.chmod(mode)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def delete(*paths: Path) -> None:
    for each in paths:
        each.unlink()


def obstruct(path: Path) -> None:
    """A folder, where a file is wanted."""
    path.mkdir()


async def kept(path: Path) -> None:
    """A file in which the copy of REF is kept."""
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """The kernel refuses to make files longer than `limit` bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_what_was_committed_survives_kill_9(path: Path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.child",
        str(path),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=PIPE,
    )
    assert process.stdout is not None
    said = [await process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    said += (await process.stdout.read()).splitlines()
    assert await process.wait() == -signal.SIGKILL
    last = int(said[-1])
    async with SqliteCopyStore(path) as store:
        for number in range(1, last + 1):
            assert await store.place(MessageRef(CHAT, number)) == copy_of(number)
        assert len(await store.wanted(100)) <= 1


async def test_the_files_belong_to_their_owner_alone(path: Path):
    put(path, b"", mode=0o644)
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})
        files = sorted(path.parent.iterdir())
        assert [each.name.removeprefix(path.name) for each in files] == ["", "-shm", "-wal"]
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(lambda data: b"not a database " * 500, id="another file"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut off"),
        pytest.param(lambda data: data[:100] + b"\xff" * 20_000, id="overwritten"),
    ],
)
async def test_a_damaged_file_is_set_aside_and_begun_anew(
    path: Path, damaged: Callable[[bytes], bytes]
):
    await kept(path)
    broken = damaged(content(path))
    put(path, broken)
    async with SqliteCopyStore(path) as store:
        with capture_logs() as logs:
            assert await store.place(REF) is None
            await store.keep({REF: COPY})
        assert await store.place(REF) == COPY
    assert [each["log_level"] for each in logs] == ["error"]
    assert content(path.with_name("copies.sqlite3.damaged")) == broken


@pytest.mark.parametrize("deleted", ["copies.sqlite3", "copies.sqlite3*"])
async def test_a_file_deleted_while_in_use_is_written_again_with_all_it_held(
    path: Path, deleted: str
):
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})
        delete(*path.parent.glob(deleted))
        with capture_logs() as logs:
            await store.keep({MessageRef(CHAT, 2): copy_of(2)})
        assert await store.place(REF) == COPY
        assert [(each["log_level"], each["written_again"]) for each in logs] == [("error", True)]
        assert mode(path) == 0o600
    async with SqliteCopyStore(path) as store:
        assert await store.place(REF) == COPY
        assert await store.place(MessageRef(CHAT, 2)) == copy_of(2)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_a_folder_deleted_while_in_use_is_made_again(tmp_path: Path):
    path = tmp_path / "folder" / "copies.sqlite3"
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})
        shutil.rmtree(path.parent)
        assert await store.place(REF) == COPY
        assert path.is_file()


async def test_a_file_replaced_while_in_use_is_the_one_that_counts(path: Path, tmp_path: Path):
    backup = tmp_path / "backup"
    async with SqliteCopyStore(backup) as store:
        await store.keep({REF: copy_of(3)})
    async with SqliteFile(path, STEPS) as file:
        await file.survey(lambda each: None)  # both connections are open
        backup.replace(path)
        found = "SELECT count(*) FROM copies"
        assert await file.survey(lambda each: each.execute(found).fetchone()) == (1,)
    async with SqliteCopyStore(path) as store:
        assert await store.place(REF) == copy_of(3)


async def test_a_deleted_file_that_cannot_be_written_again_is_begun_anew(path: Path):
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})
        delete(path)
        obstruct(path.with_name(f"{path.name}.rescued"))
        assert await store.place(REF) is None
        await store.keep({REF: copy_of(4)})
    async with SqliteCopyStore(path) as store:
        assert await store.place(REF) == copy_of(4)


async def test_a_full_disk_refuses_until_there_is_room_again(path: Path):
    many = [MessageRef(CHAT, number) for number in range(1, 20_000)]
    async with SqliteCopyStore(path) as store:
        await store.keep({REF: COPY})
        with full_disk(64 << 10):
            with pytest.raises(StorageError):
                await store.want(many)
            assert await store.place(REF) == COPY
        await store.want(many)
        assert len(await store.wanted(len(many))) == len(many) - 1
        assert await store.place(REF) == COPY


async def test_a_file_that_cannot_be_written_is_still_read(path: Path):
    await kept(path)
    journal = path.with_name(path.name + "-wal")
    journal.mkdir()  # holds for root, too, unlike permissions
    async with SqliteCopyStore(path) as store:
        with capture_logs() as logs:
            assert await store.place(REF) == COPY
        assert logs[0]["event"] == "a database can only be read"
        with pytest.raises(StorageError):
            await store.want([MessageRef(CHAT, 2)])
        assert await store.place(REF) == COPY
        journal.rmdir()
        await store.want([MessageRef(CHAT, 2)])
        assert await store.wanted(1) == [MessageRef(CHAT, 2)]


async def test_a_folder_that_cannot_be_made_refuses_until_it_can(tmp_path: Path):
    in_the_way = tmp_path / "work"
    in_the_way.write_text("a file")
    async with SqliteCopyStore(in_the_way / "copies.sqlite3") as store:
        with pytest.raises(StorageError):
            await store.place(REF)
        in_the_way.unlink()
        assert await store.place(REF) is None


async def test_an_older_file_is_brought_up_to_date(path: Path):
    async with SqliteFile(path, [ONE]) as file:
        await file.read(lambda connection: None)
    for _ in range(2):
        async with SqliteFile(path, [ONE, TWO]) as file:
            rows = await file.read(lambda each: each.execute("SELECT a, b FROM one").fetchall())
            assert rows == [(1, 2)]


async def test_a_step_is_taken_whole_or_not_at_all(path: Path):
    async with SqliteFile(path, [ONE]) as file:
        await file.read(lambda connection: None)
    async with SqliteFile(path, [ONE, f"{TWO}; SELECT nonsense FROM nowhere"]) as file:
        with pytest.raises(StorageError):
            await file.write(lambda connection: None)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM one").fetchall() == []
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_file_of_a_newer_telpher_is_left_alone(path: Path):
    async with SqliteFile(path, [ONE, TWO]) as file:
        await file.read(lambda connection: None)
    before = content(path)
    async with SqliteFile(path, [ONE]) as file:
        with pytest.raises(StorageError):
            await file.read(lambda connection: None)
    assert content(path) == before


async def test_a_long_look_keeps_nobody_waiting(path: Path):
    looking, go_on = threading.Event(), threading.Event()

    def look(connection: sqlite3.Connection) -> list[tuple[int]]:
        found = connection.execute("SELECT a FROM one").fetchall()
        looking.set()
        go_on.wait()
        return found

    async with SqliteFile(path, [ONE]) as file, asyncio.TaskGroup() as tasks:
        await file.change("INSERT INTO one VALUES (1)")
        long = tasks.create_task(file.survey(look))
        assert await asyncio.to_thread(looking.wait, 60)
        await file.change("INSERT INTO one VALUES (2)")
        assert len(await file.all("SELECT a FROM one")) == 2
        go_on.set()
        assert await long == [(1,)]
        assert len(await file.survey(look)) == 2


async def test_a_look_changes_nothing(path: Path):
    async with SqliteFile(path, [ONE]) as file:
        with pytest.raises(StorageError):
            await file.survey(lambda each: each.execute("SELECT nonsense FROM nowhere"))
        await file.survey(lambda each: each.execute("SELECT a FROM one").fetchall())


async def test_a_look_sees_the_new_file_when_the_old_one_was_damaged(path: Path):
    count = "SELECT count(*) FROM one"
    async with SqliteFile(path, [ONE]) as file:
        await file.change("INSERT INTO one VALUES (1)")
        assert await file.survey(lambda each: each.execute(count).fetchone()) == (1,)
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        put(path, content(path)[:100] + b"\xff" * 20_000)
        with capture_logs() as logs:
            await file.change("INSERT INTO one VALUES (2), (3)")
        assert [each["log_level"] for each in logs] == ["error"]
        assert await file.survey(lambda each: each.execute(count).fetchone()) == (2,)


async def test_a_look_that_takes_too_long_is_broken_off(path: Path):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    async with SqliteFile(path, [ONE]) as file:
        await file.read(lambda connection: None)
    async with SqliteFile(path, [ONE], patience=0.5) as file:
        with pytest.raises(StorageError):
            await file.survey(lambda each: each.execute(endless).fetchone())
        async with asyncio.timeout(60):
            while True:
                try:
                    found = await file.survey(lambda each: each.execute("SELECT 1").fetchone())
                    break
                except StorageError:
                    await asyncio.sleep(0)
        assert found == (1,)


async def test_a_file_that_can_only_be_read_is_looked_at_too(path: Path):
    await kept(path)
    path.with_name(path.name + "-wal").mkdir()
    async with SqliteFile(path, STEPS) as file:
        found = await file.survey(lambda each: each.execute("SELECT * FROM copies").fetchall())
        assert len(found) == 1


async def test_work_that_fails_is_undone(path: Path):
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO one VALUES (1)")
        raise ZeroDivisionError

    async with SqliteFile(path, [ONE]) as file:
        with pytest.raises(ZeroDivisionError):
            await file.write(fail)
        assert await file.read(lambda each: each.execute("SELECT * FROM one").fetchall()) == []
