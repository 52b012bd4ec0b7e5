"""The database in trouble: away, damaged, or slow."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.core.records import Dialogue, JobState, Lease
from telpher.core.spans import Span
from telpher.core.tally import PersonSeen, Tally
from telpher.core.tokens import ApiToken
from telpher.errors import StorageError
from telpher.storage.base import Database, DatabaseStatus, FileOrder
from telpher.storage.sqlite import SqliteDatabase
from tests.storage.contract.makers import ANN, NOW, happen, job, person, playlist
from tests.storage.sqlite.test_file import full_disk

# Seconds: far more than anything here takes.
PATIENCE = 60.0

REF = MessageRef(1, 2)
LEASE = Lease("n", "one", 1)
TOKEN = ApiToken("t", "a program", bytes(32), frozenset(), NOW)

CALLS: dict[str, Callable[[Database], Awaitable[object]]] = {
    "users.get": lambda each: each.users.get(ANN),
    "users.named": lambda each: each.users.named("ann"),
    "users.page": lambda each: each.users.page(1),
    "users.counts": lambda each: each.users.counts(NOW),
    "users.set_banned": lambda each: each.users.set_banned(ANN, True, NOW),
    "users.set_blocked": lambda each: each.users.set_blocked([ANN], True),
    "users.audience": lambda each: each.users.audience(0, 1),
    "users.search": lambda each: each.users.search("a", 1),
    "users.merge": lambda each: each.users.merge([]),
    "links.get": lambda each: each.links.get(1),
    "links.of_owner": lambda each: each.links.of_owner(ANN, 1),
    "links.of_file": lambda each: each.links.of_file(5, 1),
    "links.page": lambda each: each.links.page(1),
    "links.revoke": lambda each: each.links.revoke(1, NOW),
    "links.revoke_playlist": lambda each: each.links.revoke_playlist("p", NOW),
    "links.denials": lambda each: each.links.denials(0, 1),
    "files.get": lambda each: each.files.get(5),
    "files.page": lambda each: each.files.page(FileOrder.NEWEST, 1),
    "files.counts": lambda each: each.files.counts(NOW),
    "playlists.put": lambda each: each.playlists.put(playlist()),
    "playlists.get": lambda each: each.playlists.get("p"),
    "jobs.add": lambda each: each.jobs.add(job()),
    "jobs.get": lambda each: each.jobs.get("j"),
    "jobs.unfinished": lambda each: each.jobs.unfinished("k"),
    "jobs.recent": lambda each: each.jobs.recent("k", 1),
    "jobs.note": lambda each: each.jobs.note("j", 1, JobState.RUNNING, "{}"),
    "jobs.cancel": lambda each: each.jobs.cancel("j"),
    "leases.acquire": lambda each: each.leases.acquire("n", "one", 1),
    "leases.renew": lambda each: each.leases.renew(LEASE, 1),
    "leases.release": lambda each: each.leases.release(LEASE),
    "sessions.load": lambda each: each.sessions.load("s"),
    "sessions.save": lambda each: each.sessions.save("s", 1, b""),
    "dialogues.get": lambda each: each.dialogues.get(ANN, NOW),
    "dialogues.put": lambda each: each.dialogues.put(Dialogue(ANN, "s", "{}", NOW)),
    "dialogues.drop": lambda each: each.dialogues.drop(ANN),
    "values.get": lambda each: each.values.get("v"),
    "values.put": lambda each: each.values.put("v", b"", NOW),
    "values.drop": lambda each: each.values.drop("v"),
    "tokens.add": lambda each: each.tokens.add(TOKEN),
    "tokens.get": lambda each: each.tokens.get("t"),
    "tokens.recent": lambda each: each.tokens.recent(1),
    "tokens.revoke": lambda each: each.tokens.revoke("t", NOW),
    "ledger.apply": lambda each: each.ledger.apply("w", 1, Tally()),
    "ledger.totals": lambda each: each.ledger.totals(),
    "ledger.used": lambda each: each.ledger.used(ANN, 0),
    "ledger.popular": lambda each: each.ledger.popular(1),
    "ledger.hours": lambda each: each.ledger.hours(0, NOW),
    "ledger.activity": lambda each: each.ledger.activity(Span.DAY, 0, NOW),
    "ledger.sweep": lambda each: each.ledger.sweep(0),
    "copies.place": lambda each: each.copies.place(REF),
    "copies.want": lambda each: each.copies.want([REF]),
    "copies.wanted": lambda each: each.copies.wanted(1),
    "copies.postpone": lambda each: each.copies.postpone(REF),
    "copies.keep": lambda each: each.copies.keep({REF: REF}),
    "copies.give_up": lambda each: each.copies.give_up(REF, "gone"),
    "ping": lambda each: each.ping(),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work" / "telpher.sqlite3"


def opened(path: Path, patience: float = PATIENCE) -> SqliteDatabase:
    return SqliteDatabase(path, FakeClock(), patience)


def damage(path: Path) -> bytes:
    """Overwrites most of the file; what it holds now."""
    broken = path.read_bytes()[:100] + b"\xff" * 30_000
    path.write_bytes(broken)
    return broken


def is_method(room: object, name: str) -> bool:
    return not name.startswith("_") and callable(getattr(room, name))


def test_no_method_is_left_out(path: Path):
    rooms = {name: room for name, room in vars(opened(path)).items() if not name.startswith("_")}
    methods = {
        f"{name}.{each}"
        for name, room in rooms.items()
        for each in dir(room)
        if is_method(room, each)
    }
    assert methods | {"ping"} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
async def test_without_its_folder_everything_refuses_and_then_works(path: Path, name: str):
    path.parent.write_text("a file in the way")
    async with opened(path) as database:
        assert database.status() == DatabaseStatus("unreachable", "sqlite")
        with pytest.raises(StorageError):
            await CALLS[name](database)
        path.parent.unlink()
        await CALLS[name](database)
        assert database.status() == DatabaseStatus("connected", "sqlite")


async def test_the_log_tells_when_trouble_begins_and_when_it_ends(path: Path):
    path.parent.write_text("a file in the way")
    with capture_logs() as logs:
        async with opened(path) as database:
            for _ in range(3):
                with pytest.raises(StorageError):
                    await database.ping()
            path.parent.unlink()
            for _ in range(3):
                await database.ping()
    assert [each["log_level"] for each in logs] == ["warning", "info"]


async def test_a_full_disk_is_told_once_and_over_when_something_was_written(path: Path):
    async with opened(path) as database:
        await happen(database, PersonSeen(person(), NOW))
        with capture_logs() as logs:
            with full_disk(room := path.with_name(f"{path.name}-wal").stat().st_size):
                for _ in range(3):
                    with pytest.raises(StorageError):
                        await database.values.put("v", bytes(2 * room), NOW)
                    assert await database.users.get(ANN) is not None
                    assert (await database.users.counts(NOW)).total == 1
                    assert database.status().status == "unreachable"
            await database.values.put("v", b"1", NOW)
        assert database.status().status == "connected"
    assert [each["log_level"] for each in logs] == ["warning", "info"]


async def test_a_damaged_file_is_set_aside_and_told_as_an_error(path: Path):
    async with opened(path) as database:
        await happen(database, PersonSeen(person(), NOW))
    broken = damage(path)
    with capture_logs() as logs:
        async with opened(path) as database:
            assert await database.users.get(ANN) is None
            assert await happen(database, PersonSeen(person(), NOW)) == [ANN]
            assert (await database.users.counts(NOW)).total == 1
    assert [each["log_level"] for each in logs] == ["error"]
    assert path.with_name("telpher.sqlite3.damaged").read_bytes() == broken


async def test_nobody_waits_for_a_lock_that_another_process_keeps(path: Path):
    async with opened(path, patience=0.05) as database:
        await until_well(database.ping)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError):
                await database.values.put("v", b"1", NOW)
            with pytest.raises(StorageError):
                await database.values.put("v", b"2", NOW)
            other.execute("ROLLBACK")
        await until_well(lambda: database.values.put("v", b"3", NOW))


async def until_well(call: Callable[[], Awaitable[object]]) -> None:
    """With little patience a slow machine, too, needs several tries."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await call()
                break
            except StorageError:
                await asyncio.sleep(0)
