"""Files: listed, looked for, counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.model import MessageRef
from telpher.core.records import FileCounts, FileRecord
from telpher.core.tally import BytesServed, LinkMade, PlayBegun
from telpher.storage.base import FileOrder, PageKey
from tests.storage.contract.makers import ANN, BOB, DAY, NOW, all_files, happen, link, made

NEWEST, MOST_PLAYED = FileOrder.NEWEST, FileOrder.MOST_PLAYED


def play(document: int, at: float = NOW, name: str = "film") -> PlayBegun:
    return PlayBegun(9, document, MessageRef(ANN, document), name, 1000, at)


async def listed(database, order: FileOrder, text: str = "", limit: int = 2) -> list[int]:
    return [each.document_id for each in await all_files(database, order, text, limit)]


async def test_there_are_none_at_first(database):
    assert await listed(database, NEWEST) == await listed(database, MOST_PLAYED) == []
    assert await database.files.get(5) is None
    assert await database.files.counts(NOW) == FileCounts(0, 0, 0, 0)


async def test_a_link_makes_its_file_and_a_play_renames_it(database):
    first, again = link(1, document_id=5), link(2, BOB, NOW - 9, document_id=5, name="other")
    await made(database, first, again)
    whole = FileRecord(5, first.ref, first.name, first.size, 0, 0, NOW - 9, 0)
    assert await database.files.get(5) == whole
    await happen(database, play(5, NOW + 1, "renamed"), BytesServed(1, 5, 7, NOW + 1))
    played = FileRecord(5, MessageRef(ANN, 5), "renamed", 1000, 1, 7, NOW - 9, NOW + 1)
    assert await database.files.get(5) == played
    assert (await database.ledger.totals()).unique_files == 1
    await made(database, link(3, document_id=5, name="third"), writer="again")
    assert await database.files.get(5) == played


async def test_of_a_file_of_which_only_bytes_are_known_nothing_is_shown(database):
    await happen(database, BytesServed(9, 5, 100, NOW))
    assert await database.files.get(5) is None
    assert await listed(database, NEWEST) == await listed(database, MOST_PLAYED) == []
    await made(database, link(1, document_id=5))
    found = await database.files.get(5)
    assert (found.name, found.bytes_served, found.created) == (link(1).name, 100, NOW)


async def test_a_file_that_is_played_without_a_link_is_as_old_as_its_play(database):
    await happen(database, play(5, NOW + 5))
    await happen(database, play(5, NOW + 9), number=2)
    found = await database.files.get(5)
    assert (found.created, found.last_play, found.plays) == (NOW + 5, NOW + 9, 2)


async def test_both_orders_with_nobody_twice_or_left_out(database):
    ages = {1: 5, 2: 9, 3: 5, 4: 5, 5: 1}
    await made(
        database, *(link(each, created=NOW + at, document_id=each) for each, at in ages.items())
    )
    await happen(database, *(play(each, NOW + 50) for each in (3, 3, 5, 4)))
    for limit in (1, 2, 3, 100):
        assert await listed(database, NEWEST, limit=limit) == [2, 4, 3, 1, 5]
        assert await listed(database, MOST_PLAYED, limit=limit) == [3, 5, 4, 2, 1]
    assert await database.files.page(NEWEST, 0) == []


async def test_a_page_begins_after_its_key_whether_that_row_is_there_or_not(database):
    await made(database, *(link(each, created=NOW + each, document_id=each) for each in (1, 2, 4)))

    async def after(at: float, number: int, order: FileOrder = NEWEST) -> list[int]:
        found = await database.files.page(order, 9, PageKey(at, number))
        return [each.document_id for each in found]

    assert await after(NOW + 3, 3) == await after(NOW + 2, 3) == [2, 1]
    assert await after(NOW + 2, 2) == [1]
    assert await after(0, 3, MOST_PLAYED) == [2, 1]
    assert await after(0.5, 0, MOST_PLAYED) == [4, 2, 1]
    for large in (1 << 63, 10**100):
        assert await after(NOW + 2, large) == [2, 1]
        assert await after(NOW + 2, -large) == [1]
    assert await database.files.get(1 << 63) is None


@pytest.mark.parametrize("order", FileOrder)
async def test_any_part_of_a_name_is_found_in_any_case(database, order):
    names = {1: "Big Buck.mkv", 2: "bigger.MP4", 3: "ÖL.avi", 4: "100% [a]*?.txt"}
    await made(database, *(link(each, document_id=each, name=name) for each, name in names.items()))
    found = {
        "big": [2, 1],
        "BUCK": [1],
        "g B": [1],
        "mp4": [2],
        ".": [4, 3, 2, 1],
        "öl": [3],
        "o\u0308L": [3],
        "": [4, 3, 2, 1],
        "  ": [4, 3, 2, 1],
        "%": [4],
        "[a]*?": [4],
        "a]": [4],
        "^": [],
        "_": [],
        ".*": [],
        "$gt": [],
        "buck.mkvx": [],
        "\0": [4, 3, 2, 1],
        "\ud800": [],
        "x" * 5000: [],
    }
    for text, expected in found.items():
        assert await listed(database, order, text) == expected, text


async def test_a_file_is_found_by_the_name_it_has_now(database):
    await happen(database, LinkMade(link(1, document_id=5, name="old.mkv")))
    await happen(database, play(5, name="new.mkv"), number=2)
    assert await listed(database, NEWEST, "old") == []
    assert await listed(database, NEWEST, "new") == [5]


async def test_files_are_counted_by_when_they_were_played_last(database):
    ages = {1: 0, 2: DAY, 3: DAY + 1, 4: 7 * DAY, 5: 7 * DAY + 1, 6: 30 * DAY, 7: 30 * DAY + 1}
    await happen(database, *(play(each, NOW - age) for each, age in ages.items()))
    await happen(database, BytesServed(9, 8, 1, NOW), LinkMade(link(1, document_id=9)), number=2)
    assert await database.files.counts(NOW) == FileCounts(total=7, day=2, week=4, month=6)
    await happen(database, replace(play(7), at=NOW), number=3)
    assert await database.files.counts(NOW) == FileCounts(total=7, day=3, week=5, month=7)
