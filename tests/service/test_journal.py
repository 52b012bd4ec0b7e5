from __future__ import annotations

import asyncio

import pytest

from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord
from telpher.core.tally import BytesServed, LinkMade, PersonSeen, Tally, tally
from telpher.errors import StorageError
from telpher.service.journal import Journal
from tests.jobs.fakes import PATIENCE, under_way, until

REF = MessageRef(7, 1)


class Disk:
    """Pages as they were taken; `gate` holds writing back, `refusing` fails it, `lying` fails it
    after the page was taken."""

    def __init__(self):
        self.pages: dict[str, Tally] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.refusing = self.lying = False
        self.calls = 0

    async def add(self, token, page):
        self.calls += 1
        await self.gate.wait()
        if self.refusing:
            raise StorageError("full")
        self.pages.setdefault(token, page)
        if self.lying:
            raise StorageError("no answer")

    @property
    def served(self):
        return sum(page.links[1].bytes_served for page in self.pages.values() if 1 in page.links)


def served(count=1, link_id=1):
    return BytesServed(link_id, 99, count, 0)


def made(link_id=1):
    return LinkMade(LinkRecord(link_id, 7, REF, 1.5, 0, 0, 99, "a.mp4", 10))


@pytest.fixture
def disk():
    return Disk()


async def test_what_is_noted_is_added_up_before_it_is_written(disk):
    journal = Journal(disk)
    for _ in range(1000):
        journal.note(served(3))
    assert disk.calls == 0
    await journal.flush()
    await journal.flush()
    assert list(disk.pages.values()) == [tally([served(3000)])]


async def test_kept_returns_when_the_disk_has_it(disk):
    journal = Journal(disk)
    disk.gate.clear()
    async with under_way(journal.run):
        waiting = asyncio.create_task(journal.kept(made(1), made(2)))
        await until(lambda: disk.calls)
        assert not waiting.done()
        disk.gate.set()
        await waiting
    (page,) = disk.pages.values()
    assert [record.link_id for record in page.made] == [1, 2]


async def test_kept_goes_on_when_the_disk_does_not_answer(disk):
    journal = Journal(disk, patience=0.0)
    disk.gate.clear()
    async with under_way(journal.run):
        await journal.kept(made())
    assert not disk.pages
    disk.gate.set()
    await journal.flush()
    assert len(disk.pages) == 1, "the page is written all the same"


async def test_nobody_waits_for_a_disk_that_refuses(disk):
    journal = Journal(disk)
    disk.refusing = True
    async with under_way(journal.run) as task:
        await journal.kept(made(1))
        with pytest.raises(StorageError):
            await task
    await journal.kept(made(2))  # nothing runs: only because it does not wait does this return
    disk.refusing = False
    await journal.flush()
    links = [record.link_id for page in disk.pages.values() for record in page.made]
    assert links == [1, 2]


async def test_a_page_that_was_taken_without_an_answer_counts_once(disk):
    journal = Journal(disk)
    journal.note(served(5))
    disk.lying = True
    for _ in range(3):
        with pytest.raises(StorageError):
            await journal.flush()
    journal.note(served(2))
    disk.lying = False
    await journal.flush()
    assert disk.served == 7


async def test_the_job_goes_on_with_the_page_that_was_refused(disk):
    journal = Journal(disk)
    disk.refusing = True
    journal.note(made())
    with pytest.raises(StorageError):
        await journal.run()
    disk.refusing = False
    async with under_way(journal.run):
        await until(lambda: disk.pages)


async def test_a_cancelled_write_is_repeated_as_it_was(disk):
    journal = Journal(disk)
    disk.gate.clear()
    journal.note(served(5))
    async with under_way(journal.run):
        await until(lambda: disk.calls)
    disk.gate.set()
    await journal.flush()
    assert disk.served == 5


async def test_memory_is_bounded_and_what_is_known_still_counts(disk):
    journal = Journal(disk, most_sums=10)
    disk.refusing = True
    for link_id in range(1, 1000):
        journal.note(BytesServed(link_id, link_id, 1, 0))
        journal.note(served(1, 1) if link_id > 1 else served(0, 1))
        with pytest.raises(StorageError):
            await journal.flush()
    disk.refusing = False
    await journal.flush()
    assert sum(map(len, disk.pages.values())) < 40
    assert disk.calls > 2


async def test_news_come_with_a_link_and_a_person_not_seen_before(disk):
    journal = Journal(disk)
    ann, ben = Person(7, "Ann"), Person(8, "Ben")
    async with under_way(journal.run):
        for event in (PersonSeen(ann, 1), PersonSeen(ben, 1), made()):
            news = asyncio.create_task(journal.news(PATIENCE))
            journal.note(event)
            await news
        count = len(disk.pages)
        journal.note(PersonSeen(ann, 2))
        await until(lambda: len(disk.pages) > count)
        quiet = asyncio.create_task(journal.news(PATIENCE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not quiet.done()
        quiet.cancel()


async def test_events_are_counted_by_their_kind():
    journal = Journal(Disk())
    for count in (10, 20):
        journal.note(BytesServed(1, 77, count, at=1.0))
    journal.note(PersonSeen(Person(7, "Ann"), at=1.0))
    assert journal.noted == {BytesServed: 2, PersonSeen: 1}
    assert journal.noted[LinkMade] == 0
