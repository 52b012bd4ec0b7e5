"""A file of an earlier telpher is brought to the newest form, with what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.core.records import FileCounts, FileRecord, UserCounts
from telpher.storage.base import FileOrder
from telpher.storage.sqlite import SqliteDatabase
from telpher.storage.sqlite.opening import upgrade
from telpher.storage.sqlite.schema import STEPS
from tests.storage.contract.makers import ANN, DAY, NOW, all_files, found, user

# Seconds; nothing here may fail because a machine is slow.
PATIENCE = 60.0

BEFORE_FIGURES = 2
BEFORE_COUNTS = 3
BANNED, BLOCKED = 13, 14
OLD = f"""
    INSERT INTO users (user_id, first_name, last_name, username, name_key, join_date, last_seen)
        VALUES (11, 'Ann', 'ÖZ', 'Annie', 'annie', {NOW}, {NOW});
    INSERT INTO users (user_id) VALUES (12);
    INSERT INTO users (user_id, last_seen, banned, blocked_bot)
        VALUES ({BANNED}, {NOW - 35 * DAY}, 1, 0), ({BLOCKED}, {NOW - 20 * DAY}, 1, 1);
    INSERT INTO links VALUES
        (1, 11, 5, 1, {NOW + 5}, 0, 1, 7, 'b.mkv', 10, 'video', 0, '', 0, 3, 30, {NOW + 9}, 0),
        (2, 11, 5, 2, {NOW + 1}, 0, 1, 7, 'a.mkv', 10, 'video', 0, '', 0, 0, 0, 0, 0),
        (3, 11, 5, 3, {NOW + 3}, 0, 1, 8, 'Ç.mkv', 10, 'video', 0, '', 0, 0, 0, 0, 0);
    INSERT INTO files VALUES (7, 5, 1, 'B.mkv', 10, 3, 30), (9, 5, 4, 'lost.mkv', 10, 1, 5);
    INSERT INTO hours VALUES (3600, 4, 35, 3, 1, 2);
    UPDATE totals SET streams = 4, unique_files = 2, errors = 2;
"""


def old(path: Path, version: int = BEFORE_FIGURES) -> None:
    """A file of the form it had before there were figures by the hour, or a later one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for step in STEPS[:BEFORE_FIGURES]:
            connection.executescript(step)
        connection.executescript(f"{OLD}; PRAGMA user_version={BEFORE_FIGURES}")
        upgrade(connection, STEPS[:version])


async def test_people_and_files_of_before_are_found(tmp_path: Path):
    old(tmp_path / "telpher.sqlite3")
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock(), PATIENCE) as database:
        for text in ("ann öz", "öz", "@annie"):
            assert [each.person.user_id for each in await found(database, text)] == [ANN]
        assert await database.files.get(7) == FileRecord(
            7, MessageRef(5, 1), "B.mkv", 10, 3, 30, NOW + 1, NOW + 9
        )
        by_plays = await all_files(database, FileOrder.MOST_PLAYED)
        assert [each.name for each in by_plays] == ["B.mkv", "lost.mkv", "Ç.mkv"]
        by_name = await all_files(database, FileOrder.NEWEST, "ç")
        assert [(each.document_id, each.created) for each in by_name] == [(8, NOW + 3)]
        assert (await database.files.get(9)).created > 0
        assert await database.files.counts(NOW + 9) == FileCounts(2, 1, 1, 1)


@pytest.mark.parametrize("version", [BEFORE_FIGURES, BEFORE_COUNTS])
async def test_people_of_before_are_counted(tmp_path: Path, version: int):
    old(tmp_path / "telpher.sqlite3", version)
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock(), PATIENCE) as database:
        counts = database.users.counts
        assert await counts(NOW + DAY) == UserCounts(4, 1, 1, 2, 2, 1, 2)
        await database.users.set_banned(BANNED, False, NOW)
        await database.users.merge([user(BLOCKED, at=NOW + DAY)])
        assert await counts(NOW + DAY) == UserCounts(4, 2, 2, 2, 1, 1, 3)


async def test_figures_of_before_stay(tmp_path: Path):
    old(tmp_path / "telpher.sqlite3")
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", FakeClock(), PATIENCE) as database:
        hours = await database.ledger.hours(0, NOW)
        assert (hours[3600].streams, hours[3600].errors, hours[3600].shown) == (4, 2, {})
        totals = await database.ledger.totals()
        assert (totals.streams, totals.unique_files, totals.errors, totals.answers) == (4, 2, 2, 0)
        assert [each.link_id for each in await database.links.page(9)] == [1, 3, 2]
