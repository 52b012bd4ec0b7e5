from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from telpher.core.model import MessageRef, Person
from telpher.core.records import Denial, LinkRecord
from telpher.core.tally import (
    BytesServed,
    LinkMade,
    LinkRevoked,
    PersonSeen,
    PlayBegun,
    tally,
)
from telpher.errors import StorageError
from telpher.storage.local import LocalStore

REF = MessageRef(7, 1)


def link(link_id):
    return LinkRecord(link_id, 7, REF, 1.5, 0, 0, 99, "a.mp4", 10)


def served(count, link_id=1):
    return tally([BytesServed(link_id, 99, count, 0)])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work" / "local.sqlite3"


@pytest.fixture
async def store(path):
    async with LocalStore(path) as store:
        yield store


async def add_links(store, most):
    for number in range(1, most):
        await store.add(str(number), tally([LinkMade(link(number))]))


def rows(path, table="sums"):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


async def test_nothing_is_to_be_delivered_at_first(store):
    assert await store.seal(10) is None


async def test_what_is_added_comes_out_once_added_up(store):
    await store.add("a", served(1))
    await store.add("b", served(2))
    batch = await store.seal(10)
    assert batch.number == 1
    assert batch.tally == served(3)
    await store.delivered(1)
    assert await store.seal(10) is None


async def test_a_batch_stays_as_it_is_until_it_is_delivered(store, path):
    await store.add("a", served(1))
    first = await store.seal(10)
    await store.add("b", served(2))
    assert await store.seal(10) == first
    async with LocalStore(path) as after_a_crash:
        assert await after_a_crash.seal(10) == first
        await after_a_crash.delivered(first.number)
        second = await after_a_crash.seal(10)
    assert (second.writer, second.number, second.tally) == (first.writer, 2, served(2))


async def test_adding_is_repeated_without_harm(store):
    await store.add("a", served(1))
    await store.add("a", served(1))
    assert (await store.seal(10)).tally == served(1)


async def test_numbers_go_on_when_all_was_delivered(store, path):
    await store.add("a", served(1))
    await store.delivered((await store.seal(10)).number)
    async with LocalStore(path) as later:
        await later.add("b", served(1))
        assert (await later.seal(10)).number == 2


async def test_a_new_file_is_a_new_writer(tmp_path):
    writers = set()
    for name in "ab":
        async with LocalStore(tmp_path / name) as store:
            await store.add("a", served(1))
            writers.add((await store.seal(10)).writer)
    assert len(writers) == 2


async def test_batches_are_small_and_links_come_before_what_is_counted_for_them(store):
    play = PlayBegun(1, 99, REF, "a.mp4", 10, 0)
    await store.add("a", tally([play, PersonSeen(Person(7, "Ann"), 0)]))
    await store.add("b", tally([LinkMade(link(1)), LinkMade(link(2)), LinkRevoked(2, 5)]))
    batches = []
    while batch := await store.seal(2):
        assert len(batch.tally) <= 2
        batches.append(batch.tally)
        await store.delivered(batch.number)
    made, revoked, counted = (
        next(n for n, each in enumerate(batches) if getattr(each, kind))
        for kind in ("made", "revoked", "links")
    )
    assert made < revoked <= counted
    assert sum(map(len, batches)) == 7  # two links, one revoked; a user, a link, a file, an hour


async def test_the_file_grows_with_what_is_counted_not_with_time(store, path):
    for number in range(200):
        await store.add(str(number), served(1))
    assert rows(path) == 3


async def test_a_file_that_is_full_refuses_but_gives_out(path):
    async with LocalStore(path, most_bytes=64 << 10) as store:
        with pytest.raises(StorageError):
            await add_links(store, 10_000)
        full = rows(path)
        while batch := await store.seal(500):
            await store.delivered(batch.number)
        await store.add("again", served(1))
    assert 10 < full < 2000
    assert rows(path) == 3


async def test_a_counter_that_cannot_be_read_holds_nothing_up(store, path):
    await store.add("a", served(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sums SET sum = x'ff' WHERE kind = 3")
    batch = await store.seal(10)
    assert not batch.tally.links
    assert batch.tally.files[99].bytes_served == 1
    await store.delivered(batch.number)
    assert rows(path) == 0


async def test_the_mirror_holds_who_is_denied_and_how_far_it_goes(store, path):
    last = 2**63 - 1
    await store.reflect(
        [Denial(5, 1.0, True, 0), Denial(last, 2.0, True, 500), Denial(3, 2.5, True, 99)], 2.5
    )
    await store.reflect([Denial(5, 3.0, False, 0), Denial(4, 3.0, True, 0)], 3.0)
    await store.reflect([Denial(6, 9.0, True, 0)])
    await store.keep_epoch(4)
    async with LocalStore(path) as later:
        mirror = await later.mirror(now=100)
    assert (mirror.since, mirror.epoch) == (3.0, 4)
    assert list(mirror.link_ids) == [4, 6, last]
    assert list(mirror.expires) == [0, 0, 500]
    assert rows(path, "denied") == 3, "what has expired is forgotten"


async def test_an_empty_mirror(store):
    mirror = await store.mirror(now=100)
    assert (list(mirror.link_ids), mirror.since, mirror.epoch) == ([], 0.0, 0)


async def test_a_disk_that_refuses_is_an_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    async with LocalStore(tmp_path / "file" / "local.sqlite3") as store:
        with pytest.raises(StorageError):
            await store.add("a", served(1))
