from __future__ import annotations

import os

import pytest

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.tier import PENDING_BYTES
from tests.streaming.disk.fakes import FILM, PHOTO, content, page_files, space
from tests.streaming.disk.house import BUDGET, LONG, House, keep, reads, write

K64 = GRANULE


async def test_what_is_written_is_read(house: House):
    async with house.tier() as tier:
        await tier.settled()
        assert not await reads(tier, FILM, 0, PAGE)
        write(tier, FILM, 0, K64)
        write(tier, FILM, K64, 15 * K64)
        write(tier, FILM, 9 * PAGE, PAGE)
        await tier.settled()
        assert await reads(tier, FILM, 0, PAGE)
        assert await reads(tier, FILM, 3 * K64, 2 * K64)
        assert await reads(tier, FILM, 9 * PAGE, PAGE)
        assert not await reads(tier, FILM, PAGE, K64)
        stats = tier.stats()
    assert (stats.hits, stats.misses, stats.dropped_writes, stats.errors) == (3, 2, 0, 0)
    assert stats.budget == BUDGET
    assert stats.bytes >= space(house.folder) > PAGE


async def test_a_range_that_is_there_in_part_is_a_miss(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, K64)
        assert not await reads(tier, FILM, 0, 2 * K64)
        assert await reads(tier, FILM, 0, K64)


async def test_it_survives_a_restart(house: House):
    async with house.tier() as tier:
        await tier.settled()
        write(tier, FILM, 0, K64)
        write(tier, PHOTO, 0, K64)  # pending when it closes
    async with house.tier() as tier:
        await tier.settled()
        assert await reads(tier, FILM, 0, K64)
        assert await reads(tier, PHOTO, 0, K64)
        assert not await reads(tier, FILM, K64, K64)
        await keep(tier, FILM, K64, K64)
        assert await reads(tier, FILM, 0, 2 * K64)


async def test_what_a_page_lacks_is_asked_of_the_disk_once(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, K64)
    async with house.tier() as tier:
        await tier.settled()
        assert not await reads(tier, FILM, K64, K64)
        house.files.failing["read"] = OSError("asked again")
        assert not await reads(tier, FILM, K64, K64)
        assert tier.stats().errors == 0


async def test_a_miss_while_the_folder_is_being_opened(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, K64)
    async with house.tier() as tier:
        assert not await reads(tier, FILM, 0, K64)
        write(tier, FILM, K64, K64)
        assert tier.stats().dropped_writes == 1


async def test_off_touches_nothing(house: House):
    async with house.tier(budget=0) as tier:
        await keep(tier, FILM, 0, K64)
        assert not await reads(tier, FILM, 0, K64)
        tier.forget(FILM)
    assert not house.folder.exists()


async def test_misuse_is_an_error(house: House):
    async with house.tier() as tier:
        with pytest.raises(ValueError, match="granules"):
            await tier.read(FILM, 1, K64)
        with pytest.raises(ValueError, match="granules"):
            tier.write(FILM, 0, b"x")
        with pytest.raises(ValueError, match="behind the document's end"):
            tier.write(PHOTO, 0, bytes(K64))


async def test_after_the_end_nothing_happens(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, K64)
    assert not await reads(tier, FILM, 0, K64)
    write(tier, FILM, K64, K64)
    tier.forget(FILM)
    await tier.close()
    assert len(page_files(house.folder)) == 1


async def test_the_folder_stays_within_the_budget(house: House):
    budget = 8 << 20
    async with house.tier(budget) as tier:
        await tier.settled()
        for number in range(30):
            await keep(tier, LONG, number * PAGE, PAGE)
            assert space(house.folder) <= tier.stats().bytes <= budget
        # The beginning has outlived what came after it, within its share.
        assert house.page_numbers() == [3, 24, 25, 26, 27, 28, 29]
        assert tier.stats().dropped_writes == 0


async def test_reading_keeps_a_page(house: House):
    async with house.tier(8 << 20) as tier:
        await tier.settled()
        for number in range(10, 30):
            await keep(tier, LONG, number * PAGE, PAGE)
            assert await reads(tier, LONG, 10 * PAGE, K64)


async def test_a_smaller_budget_counts_from_the_next_start(house: House):
    async with house.tier() as tier:
        await tier.settled()
        for number in range(10, 30):
            await keep(tier, LONG, number * PAGE, PAGE)
            os.utime(house.folder / "07" / f"7-{LONG[1]}-{number}", (number, number))
    async with house.tier(8 << 20) as tier:
        await tier.settled()
        assert house.page_numbers() == list(range(23, 30))
        assert tier.stats().bytes <= 8 << 20


async def test_forgetting_removes_a_document_and_no_other(house: House):
    async with house.tier() as tier:
        await tier.settled()
        write(tier, FILM, 0, PAGE)
        write(tier, FILM, 9 * PAGE, PAGE)
        write(tier, PHOTO, 0, K64)
        tier.forget(FILM)
        write(tier, FILM, PAGE, PAGE)
        await tier.settled()
        assert not await reads(tier, FILM, 0, PAGE)
        assert not await reads(tier, FILM, 9 * PAGE, PAGE)
        assert await reads(tier, FILM, PAGE, PAGE)
        assert await reads(tier, PHOTO, 0, K64)
        assert house.page_numbers() == [0, 1]


async def test_forgetting_before_the_folder_is_open(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
    async with house.tier() as tier:
        tier.forget(FILM)
        await tier.settled()
        assert page_files(house.folder) == []
        assert not await reads(tier, FILM, 0, PAGE)
        assert tier.stats().bytes == 0


async def test_a_slow_disk_drops_writes_and_holds_no_more_memory(house: House):
    async with house.tier() as tier:
        await tier.settled()
        house.files.gate.clear()
        pages = PENDING_BYTES // PAGE
        for number in range(pages + 3):
            write(tier, LONG, number * PAGE, PAGE)
        assert tier.stats().dropped_writes == 3
        house.files.gate.set()
        await tier.settled()
        assert await reads(tier, LONG, (pages - 1) * PAGE, PAGE)
        assert not await reads(tier, LONG, pages * PAGE, PAGE)
        await keep(tier, LONG, pages * PAGE, PAGE)
        assert await reads(tier, LONG, pages * PAGE, PAGE)
        assert tier.stats().dropped_writes == 3


async def test_what_is_there_or_on_its_way_is_not_written_again(house: House):
    async with house.tier() as tier:
        await tier.settled()
        house.files.gate.clear()
        for _ in range(2 * PENDING_BYTES // PAGE):
            write(tier, FILM, 0, PAGE)
        assert tier.stats().dropped_writes == 0
        house.files.gate.set()


async def test_what_has_been_written_is_let_go(house: House):
    async with house.tier() as tier:
        await tier.settled()
        frame = bytearray(content(FILM, 0, PAGE))
        view = memoryview(frame)
        tier.write(FILM, 0, view)
        await tier.settled()
        view.release()
        frame.clear()  # BufferError, if anything still looks at it
        assert await reads(tier, FILM, 0, PAGE)


async def test_closing_leaves_nothing_open(house: House):
    before = os.listdir("/proc/self/fd")
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        assert await reads(tier, FILM, 0, PAGE)
    assert os.listdir("/proc/self/fd") == before
