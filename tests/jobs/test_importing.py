from __future__ import annotations

import dataclasses

import pytest

from telpher.clock import FakeClock
from telpher.core import legacy
from telpher.errors import StorageError
from telpher.jobs.importing import LOT, Importer
from telpher.storage.users_file import Broken, Record


class Users:
    """A UserStore in memory; `refuse_at` is the call of `merge` that fails."""

    def __init__(self):
        self.users = {}
        self.lots = []
        self.refuse_at = None

    async def get(self, user_id):
        return self.users.get(user_id)

    async def merge(self, users):
        if len(self.lots) == self.refuse_at:
            raise StorageError("away")
        self.lots.append(len(users))
        new = 0
        for user in users:
            known = self.users.get(user.person.user_id)
            new += known is None
            self.users[user.person.user_id] = legacy.merged(known, user) if known else user
        return new


async def stream(items):
    for number, item in enumerate(items, 1):
        yield item if isinstance(item, Broken) else Record(f"line {number}", item)


@pytest.fixture
def users():
    return Users()


def people(*ids):
    return [{"user_id": user_id, "first_name": f"No. {user_id}"} for user_id in ids]


def counts(report):
    return report.read, report.new, report.merged, report.unreadable


async def test_people_are_taken_over_in_lots_and_counted(users):
    told = []
    importer = Importer(
        users, FakeClock(), progress=lambda report: told.append(dataclasses.replace(report))
    )
    report = await importer.run(stream(people(*range(1, 2 * LOT + 11))))
    assert counts(report) == (2 * LOT + 10, 2 * LOT + 10, 0, 0)
    assert users.lots == [LOT, LOT, 10]
    assert [each.read for each in told] == [LOT, 2 * LOT, 2 * LOT + 10]
    assert len(users.users) == 2 * LOT + 10


async def test_duplicates_are_merged_within_and_across_lots_and_with_who_is_known(users):
    await users.merge([legacy.read({"id": 9, "total_files": 3}, None, 10.0).user])
    items = [*people(1, 1, 9), *people(*range(100, 100 + LOT)), *people(1)]
    report = await Importer(users, FakeClock()).run(stream(items))
    assert counts(report) == (LOT + 4, LOT + 1, 3, 0)
    assert users.users[9].total_files == 3
    assert users.users[9].join_date == 10.0


async def test_every_record_is_accounted_for(users):
    told = []
    items = [*people(1), {"name": "nobody"}, Broken("line 3", "not JSON"), *people(2)]
    items.append({"id": 3, "total_files": "many", "join_date": "once"})
    importer = Importer(users, FakeClock(), unreadable=told.append)
    report = await importer.run(stream(items))
    assert counts(report) == (5, 3, 0, 2)
    assert [each.place for each in told] == ["line 2", "line 3"]
    assert report.passed_over == {"totalfiles": 1, "joindate": 1}


async def test_a_dry_run_says_the_same_and_changes_nothing(users):
    await users.merge([legacy.read({"id": 9}, None, 10.0).user])
    items = [*people(1, 1, 9), {"name": "nobody"}, *people(*range(100, 100 + LOT)), *people(1, 9)]
    rehearsal = await Importer(users, FakeClock(), dry_run=True).run(stream(items))
    assert list(users.users) == [9]
    assert users.lots == [1]
    performance = await Importer(users, FakeClock()).run(stream(items))
    assert counts(rehearsal) == counts(performance)


async def test_a_database_that_goes_away_ends_it_and_a_repeat_loses_and_doubles_nothing(users):
    items = people(*range(1, 2 * LOT + 1))
    users.refuse_at = 1
    importer = Importer(users, FakeClock())
    with pytest.raises(StorageError):
        await importer.run(stream(items))
    assert counts(importer.report) == (LOT, LOT, 0, 0)
    users.refuse_at = None
    report = await Importer(users, FakeClock()).run(stream(items))
    assert counts(report) == (2 * LOT, LOT, LOT, 0)
    assert len(users.users) == 2 * LOT


async def test_nothing_is_nothing(users):
    assert counts(await Importer(users, FakeClock()).run(stream([]))) == (0, 0, 0, 0)
    assert users.lots == []
