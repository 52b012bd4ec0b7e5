"""The copies' own file of before."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.storage.sqlite import SqliteDatabase
from tests.storage.old_copies import SqliteCopyStore

CHANNEL = -1000000000005


def ref(number: int) -> MessageRef:
    return MessageRef(7, number)


def copy(number: int) -> MessageRef:
    return MessageRef(CHANNEL, number)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return tmp_path / "copies.sqlite3"


@pytest.fixture
async def filled(old: Path) -> None:
    async with SqliteCopyStore(old) as store:
        await store.want([ref(3), ref(2), ref(1), ref(4)])
        await store.keep({ref(1): copy(1)})
        await store.give_up(ref(4), "gone")


def moved(file: Path, there: Path) -> Path:
    return file.rename(there)


def spoil(file: Path) -> None:
    file.write_bytes(b"no database at all " * 100)


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def opened(old: Path) -> SqliteDatabase:
    return SqliteDatabase(old.with_name("telpher.sqlite3"), FakeClock(), patience=60)


@pytest.mark.usefixtures("filled")
async def test_places_and_queue_are_taken_over_once(old: Path):
    for _ in range(2):
        async with opened(old) as database:
            assert await database.copies.place(ref(1)) == copy(1)
            assert await database.copies.wanted(9) == [ref(3), ref(2)]
            await database.copies.want([ref(4)])
            assert await database.copies.wanted(9) == [ref(3), ref(2)]
        assert names(old.parent) == {"telpher.sqlite3", "copies.sqlite3.taken-over"}


@pytest.mark.usefixtures("filled")
async def test_what_is_known_already_stays(old: Path, tmp_path: Path):
    aside = moved(old, tmp_path / "aside")
    async with opened(old) as database:
        await database.copies.keep({ref(1): copy(9), ref(2): copy(8)})
    moved(aside, old)
    async with opened(old) as database:
        assert await database.copies.place(ref(1)) == copy(9)
        assert await database.copies.wanted(9) == [ref(3)]


async def test_a_file_that_cannot_be_read_is_left_and_told_of(old: Path):
    spoil(old)
    with capture_logs() as logs:
        async with opened(old) as database:
            await database.copies.keep({ref(1): copy(1)})
            assert await database.copies.place(ref(1)) == copy(1)
    assert [each["log_level"] for each in logs] == ["error"]
    assert names(old.parent) == {"telpher.sqlite3", "copies.sqlite3"}


async def test_without_such_a_file_nothing_happens(old: Path):
    with capture_logs() as logs:
        async with opened(old) as database:
            assert await database.copies.wanted(9) == []
    assert logs == []
    assert names(old.parent) == {"telpher.sqlite3"}
