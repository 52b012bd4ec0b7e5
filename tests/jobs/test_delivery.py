from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing

import pytest

from telpher.clock import FakeClock
from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord
from telpher.core.tally import BytesServed, LinkMade, LinkRevoked, PersonSeen
from telpher.errors import StorageError
from telpher.jobs.delivery import Delivery
from telpher.jobs.runner import Runner
from telpher.service.journal import Journal
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from tests.jobs.child import SqliteLedger
from tests.jobs.fakes import PATIENCE, under_way, until
from tests.jobs.ledgers import FakeDatabase, Once

REF = MessageRef(7, 1)
ANN, BEN = Person(7, "Ann"), Person(8, "Ben")


def made(link_id):
    return LinkMade(LinkRecord(link_id, 7, REF, 1.5, 0, 0, 99, "a.mp4", 10))


class Office:
    """Journal, disk, delivery and a database, connected."""

    def __init__(self, path, database=None):
        self.store = LocalStore(path)
        self.journal = Journal(self.store)
        self.database = database or FakeDatabase()
        self.met: list[Person] = []
        self.delivery = Delivery(self.journal, self.store, self.database, self.met.extend)

    async def __aenter__(self):
        await self.store.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.store.__aexit__(*error)

    async def serve(self, count):
        self.journal.note(BytesServed(1, 99, count, 0))
        await self.journal.flush()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "local.sqlite3"


@pytest.fixture
async def office(path):
    async with Office(path) as office:
        yield office


async def test_what_is_on_disk_is_delivered_and_forgotten(office):
    await office.serve(3)
    await office.serve(4)
    await office.delivery.deliver()
    await office.delivery.deliver()
    assert office.database.served == 7
    assert len(office.database.calls) == 1


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_fault_before_or_after_the_database_took_it_counts_nothing_twice(office, place):
    setattr(office.database, place, Once(StorageError("no answer")))
    await office.serve(3)
    with pytest.raises(StorageError):
        await office.delivery.deliver()
    await office.serve(4)
    await office.delivery.deliver()
    assert office.database.served == 7
    assert [number for _, number in office.database.calls] == [1, 1, 2]


async def test_a_process_that_ends_before_the_disk_forgets_repeats_the_same_batch(office, path):
    office.database.after = Once(asyncio.CancelledError())
    await office.serve(3)
    with pytest.raises(asyncio.CancelledError):
        await office.delivery.deliver()
    async with Office(path, office.database) as later:
        await later.serve(4)
        await later.delivery.deliver()
    assert office.database.served == 7
    assert [number for _, number in office.database.calls] == [1, 1, 2]


async def test_while_the_database_is_away_the_disk_adds_up_and_nothing_is_lost(office):
    office.database.away = True
    for _ in range(50):
        await office.serve(2)
        with pytest.raises(StorageError):
            await office.delivery.deliver()
    office.database.away = False
    await office.delivery.deliver()
    assert office.database.served == 100
    assert len(office.database.calls) == 2, "what waited while the first batch was sealed is one"


async def test_many_sums_go_in_batches(office):
    for link_id in range(1, 1201):
        office.journal.note(made(link_id))
    await office.journal.flush()
    await office.delivery.deliver()
    links = [link.link_id for each in office.database.applied.values() for link in each.made]
    assert sorted(links) == list(range(1, 1201))
    assert len(office.database.calls) == 3


async def test_people_who_are_new_are_reported(office):
    office.database.known.add(BEN.user_id)
    for person in (ANN, BEN, ANN):
        office.journal.note(PersonSeen(person, 5))
    office.journal.note(made(1))
    await office.journal.flush()
    await office.delivery.deliver()
    await office.delivery.deliver()
    assert office.met == [ANN]


async def test_a_revocation_comes_after_the_link_it_ends(office):
    office.journal.note(made(5))
    office.journal.note(LinkRevoked(5, 12.5))
    await office.journal.flush()
    await office.delivery.deliver()
    assert office.database.revoked == [5]


async def test_the_jobs_deliver_a_link_at_once_and_go_on_when_the_database_is_back(office):
    office.database.away = True

    async def no_pause(_seconds):
        await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        jobs = Runner(tasks, FakeClock(), no_pause)
        jobs.start("journal", office.journal.run)
        jobs.start("delivery", office.delivery.run)
        async with asyncio.timeout(PATIENCE):
            await office.journal.kept(made(1))
        office.database.away = False
        await until(lambda: office.database.applied)
        await office.journal.kept(made(2))
        await until(lambda: len(office.database.applied) == 2)
        await jobs.stop()


async def test_the_last_delivery_brings_everything_and_fails_for_nothing(office):
    office.journal.note(BytesServed(1, 99, 3, 0))
    await office.delivery.finish()
    assert office.database.served == 3
    office.database.away = True
    office.journal.note(BytesServed(1, 99, 4, 0))
    await office.delivery.finish()
    office.database.away = False
    await office.delivery.deliver()
    assert office.database.served == 7


async def _killed(path, ledger, point) -> None:
    """A process that notes 10 bytes for each life, and dies by SIGKILL at that point."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.child", str(path), str(ledger), point
    )
    async with asyncio.timeout(PATIENCE):
        await process.wait()
    assert process.returncode == -9


async def test_killed_at_any_point_every_byte_counts_once(tmp_path, path):
    ledger = tmp_path / "ledger.sqlite3"
    points = ["noted", "sealed", "within", "applied", "delivered"]
    for point in points:
        await _killed(path, ledger, point)
    async with SqliteLedger(ledger) as database, Office(path, database) as office:
        await office.delivery.deliver()
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT sum(bytes) FROM applied").fetchone() == (50,)


async def test_killed_beside_the_real_database_every_byte_counts_once(tmp_path, path):
    ledger = tmp_path / "telpher.sqlite3"
    for point in ("noted", "sealed", "applied", "delivered", "sealed", "applied"):
        await _killed(path, ledger, point)
    async with SqliteDatabase(ledger, FakeClock()) as database, Office(path, database) as office:
        await office.delivery.deliver()
        assert (await database.ledger.totals()).bytes_served == 60


async def test_a_link_that_was_kept_survives_kill_9(tmp_path, path):
    await _killed(path, tmp_path / "ledger.sqlite3", "kept")
    async with Office(path) as office:
        await office.delivery.deliver()
    (tally,) = office.database.applied.values()
    assert [link.link_id for link in tally.made] == [5]


async def test_nobody_delivers_when_there_is_nothing(office):
    async with under_way(office.delivery.run):
        for _ in range(20):
            await asyncio.sleep(0)
    assert not office.database.calls
