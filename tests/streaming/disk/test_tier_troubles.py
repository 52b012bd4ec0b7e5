from __future__ import annotations

import asyncio
import errno
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from telpher.core.chunks import GRANULE, PAGE
from telpher.storage.rest import PAUSE
from telpher.streaming.disk.tier import PENDING_READS, RESERVE, DiskTier
from tests.streaming.disk.fakes import FILM, page_files, space
from tests.streaming.disk.house import BUDGET, LONG, House, keep, reads, write

K64 = GRANULE
FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


async def test_a_full_disk_is_left_alone_and_tried_again(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        with capture_logs() as logs:
            house.files.failing["write"] = FULL
            for number in range(1, 5):
                await keep(tier, FILM, number * PAGE, PAGE)
                assert await reads(tier, FILM, 0, PAGE)
            house.clock.advance(PAUSE)
            await keep(tier, FILM, PAGE, PAGE)  # lists the folder
            await keep(tier, FILM, PAGE, PAGE)  # fails once more, in silence
        assert [log["log_level"] for log in logs] == ["warning"]
        assert "No space" in logs[0]["reason"]
        assert tier.stats().errors == 2
        assert tier.stats().dropped_writes == 4
        assert house.page_numbers() == [0]
        house.files.failing.clear()
        house.clock.advance(PAUSE)
        with capture_logs() as logs:
            await keep(tier, FILM, PAGE, PAGE)
            await keep(tier, FILM, PAGE, PAGE)
            assert await reads(tier, FILM, PAGE, PAGE)
            assert await reads(tier, FILM, 0, PAGE)
        assert [log["event"] for log in logs] == ["the disk cache writes again"]


async def test_a_disk_that_fills_up_in_mid_write(house: House):
    async with house.tier() as tier:
        await tier.settled()
        house.files.room = 3 * PAGE // 2
        await keep(tier, FILM, 0, PAGE)
        await keep(tier, FILM, PAGE, PAGE)
        assert await reads(tier, FILM, 0, PAGE)
        assert not await reads(tier, FILM, PAGE, PAGE)
        assert house.page_numbers() == [0]


async def test_a_disk_that_cannot_remove_does_not_grow(house: House):
    budget = 8 << 20
    async with house.tier(budget) as tier:
        await tier.settled()
        for number in range(10, 17):
            await keep(tier, LONG, number * PAGE, PAGE)
        house.files.failing["remove"] = READ_ONLY
        for _ in range(3):
            for number in range(20, 40):
                await keep(tier, LONG, number * PAGE, PAGE)
            assert house.page_numbers() == list(range(10, 17))
            house.clock.advance(PAUSE)
        house.files.failing.clear()
        for number in range(20, 40):
            await keep(tier, LONG, number * PAGE, PAGE)
        assert space(house.folder) <= tier.stats().bytes <= budget
        assert await reads(tier, LONG, 39 * PAGE, PAGE)


@pytest.mark.parametrize("operation", ["lock", "make_folder"])
async def test_a_folder_that_cannot_be_used_is_tried_again(house: House, operation: str):
    house.files.failing[operation] = READ_ONLY
    with capture_logs() as logs:
        async with house.tier() as tier:
            await tier.settled()
            await keep(tier, FILM, 0, PAGE)
            assert not await reads(tier, FILM, 0, PAGE)
            house.clock.advance(PAUSE)
            house.files.failing.clear()
            await keep(tier, FILM, 0, PAGE)  # opens the folder
            await keep(tier, FILM, 0, PAGE)
            assert await reads(tier, FILM, 0, PAGE)
    assert [log["log_level"] for log in logs] == ["warning", "info"]


async def test_a_file_in_the_folders_place(house: House):
    house.folder.write_bytes(b"")
    async with house.tier() as tier:
        await keep(tier, FILM, 0, PAGE)
        await keep(tier, FILM, 0, PAGE)
        assert not await reads(tier, FILM, 0, PAGE)
        assert tier.stats().errors == 1


async def test_another_instance_goes_without_until_the_first_has_left(house: House):
    async with house.tier() as first:
        await first.settled()
        await keep(first, FILM, 0, PAGE)
        with capture_logs() as logs:
            async with house.tier() as second:
                await second.settled()
                await keep(second, FILM, PAGE, PAGE)
                assert not await reads(second, FILM, 0, PAGE)
        assert "another process" in logs[0]["reason"]
        async with house.tier() as third:
            await third.settled()
            await first.close()
            house.clock.advance(PAUSE)
            await keep(third, FILM, PAGE, PAGE)  # opens the folder
            assert await reads(third, FILM, 0, PAGE)


async def test_a_damaged_page_is_dropped_and_written_anew(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        await keep(tier, FILM, PAGE, PAGE)
        path = next(path for path in page_files(house.folder) if path.name.endswith("-0"))
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        with capture_logs() as logs:
            assert not await reads(tier, FILM, 0, PAGE)
        assert [log["page"] for log in logs] == [path.name]
        await tier.settled()
        assert house.page_numbers() == [1]
        assert tier.stats().errors == 1
        await keep(tier, FILM, 0, PAGE)
        assert await reads(tier, FILM, 0, PAGE)
        assert await reads(tier, FILM, PAGE, PAGE)


async def test_a_page_that_somebody_removed_is_written_anew(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        for path in page_files(house.folder):
            path.unlink()
        assert not await reads(tier, FILM, 0, PAGE)
        assert tier.stats().bytes == 0
        await keep(tier, FILM, 0, PAGE)
        assert await reads(tier, FILM, 0, PAGE)
        assert tier.stats().errors == 0


async def test_a_disk_that_cannot_read_is_left_alone_and_tried_again(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        await keep(tier, FILM, PAGE, PAGE)
        house.files.failing["read"] = BROKEN
        with capture_logs() as logs:
            assert not await reads(tier, FILM, 0, PAGE)
            house.files.failing.clear()
            await tier.settled()
            assert not await reads(tier, FILM, PAGE, PAGE)
            house.clock.advance(PAUSE)
            assert await reads(tier, FILM, PAGE, PAGE)
        assert [log["log_level"] for log in logs] == ["warning", "info"]
        assert house.page_numbers() == [1]  # the other may have a bad sector


async def test_a_disk_that_does_not_answer_is_a_miss(house: House):
    async with house.tier(patience=0.01) as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        house.files.gate.clear()
        with capture_logs() as logs:
            assert not await reads(tier, FILM, 0, PAGE)
            assert not await reads(tier, FILM, 0, PAGE)
        assert "does not answer" in logs[0]["reason"]
        assert tier.stats().errors == 1
        house.files.gate.set()
        assert house.page_numbers() == [0]


async def test_more_readers_than_the_disk_can_serve_do_not_wait(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        house.files.gate.clear()
        async with asyncio.TaskGroup() as tasks:
            waiting = [tasks.create_task(reads(tier, FILM, 0, K64)) for _ in range(PENDING_READS)]
            await asyncio.sleep(0)
            assert not await reads(tier, FILM, 0, K64)
            house.files.gate.set()
        assert all(task.result() for task in waiting)


async def test_a_viewer_who_leaves_while_reading(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, FILM, 0, PAGE)
        house.files.gate.clear()
        async with asyncio.TaskGroup() as tasks:
            viewer = tasks.create_task(reads(tier, FILM, 0, K64))
            await asyncio.sleep(0)
            viewer.cancel()
        assert viewer.cancelled()
        house.files.gate.set()
        assert await reads(tier, FILM, 0, PAGE)


async def test_a_viewer_who_reads_while_it_closes_is_not_cancelled(house: House):
    async with asyncio.TaskGroup() as tasks:
        async with house.tier() as tier:
            await tier.settled()
            await keep(tier, FILM, 0, PAGE)
            house.files.gate.clear()
            viewers = [tasks.create_task(reads(tier, FILM, 0, K64)) for _ in range(8)]
            await asyncio.sleep(0)
        house.files.gate.set()
    assert all(viewer.result() for viewer in viewers)


async def test_the_budget_gives_way_to_a_disk_that_fills_up(house: House):
    async with house.tier() as tier:
        await tier.settled()
        for number in range(10, 20):
            await keep(tier, LONG, number * PAGE, PAGE)
        house.files.free_bytes = RESERVE - (4 << 20)
        await keep(tier, LONG, 20 * PAGE, PAGE)
        assert tier.stats().budget < tier.stats().bytes
        await keep(tier, LONG, 21 * PAGE, PAGE)
        assert house.page_numbers() == [15, 16, 17, 18, 19, 20, 21]
        house.files.free_bytes = 1 << 40
        await keep(tier, LONG, 22 * PAGE, PAGE)
        assert tier.stats().budget == BUDGET


async def test_a_disk_with_nothing_to_spare_is_given_back_and_left_alone(house: House):
    async with house.tier() as tier:
        await tier.settled()
        await keep(tier, LONG, 10 * PAGE, PAGE)
        house.files.free_bytes = 0
        with capture_logs() as logs:
            for number in range(11, 15):
                await keep(tier, LONG, number * PAGE, PAGE)
        assert "No space" in logs[0]["reason"]
        assert len(logs) == 1
        assert page_files(house.folder) == []
        assert not await reads(tier, LONG, 10 * PAGE, PAGE)
        house.files.free_bytes = 1 << 40
        house.clock.advance(PAUSE)
        await keep(tier, LONG, 10 * PAGE, PAGE)  # lists the folder
        await keep(tier, LONG, 10 * PAGE, PAGE)
        assert await reads(tier, LONG, 10 * PAGE, PAGE)


STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 9), st.integers(0, 3), st.integers(1, 4)),
    st.tuples(st.just("read"), st.integers(0, 9), st.integers(0, 3), st.integers(1, 4)),
    st.sampled_from(
        [("settle",), ("restart",), ("damage",), ("full",), ("room",), ("later",), ("forget",)]
    ),
)


class Story:
    """Steps in any order on a budget of about four pages: what is read is right, and it fits."""

    BUDGET = 4 * PAGE

    def __init__(self, house: House) -> None:
        self.house = house

    async def run(self, steps: list[tuple]) -> None:
        tier = self.house.tier(self.BUDGET)
        await tier.__aenter__()
        for name, *rest in steps:
            if name == "restart":
                await tier.close()
                tier = self.house.tier(self.BUDGET)
                await tier.__aenter__()
            else:
                await getattr(self, name)(tier, *rest)
            assert tier.stats().bytes <= self.BUDGET
        await self.recovers(tier)
        await tier.close()

    async def recovers(self, tier: DiskTier) -> None:
        """When the trouble is over, it works again."""
        await self.room(tier)
        await self.later(tier)
        tier.forget(FILM)
        await keep(tier, FILM, 0, K64)
        await keep(tier, FILM, 0, K64)
        assert await reads(tier, FILM, 0, K64)
        assert space(self.house.folder) <= tier.stats().bytes <= self.BUDGET

    async def write(self, tier: DiskTier, page: int, first: int, count: int) -> None:
        write(tier, FILM, page * PAGE + first * K64, self.count(page, first, count) * K64)

    async def read(self, tier: DiskTier, page: int, first: int, count: int) -> None:
        await reads(tier, FILM, page * PAGE + first * K64, self.count(page, first, count) * K64)

    def count(self, page: int, first: int, count: int) -> int:
        return min(count, 4 - first) if page == 9 else count

    async def settle(self, tier: DiskTier) -> None:
        await tier.settled()

    async def damage(self, tier: DiskTier) -> None:
        await tier.settled()
        for path in page_files(self.house.folder)[::2]:
            path.write_bytes(path.read_bytes()[:-100])

    async def full(self, tier: DiskTier) -> None:
        self.house.files.failing["write"] = FULL

    async def room(self, tier: DiskTier) -> None:
        await tier.settled()
        self.house.files.failing.clear()

    async def later(self, tier: DiskTier) -> None:
        self.house.clock.advance(PAUSE)
        write(tier, FILM, 0, K64)
        await tier.settled()

    async def forget(self, tier: DiskTier) -> None:
        tier.forget(FILM)
        await tier.settled()
        assert not await reads(tier, FILM, 0, K64)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_whatever_happens_what_is_read_is_right(steps: list[tuple]):
    with tempfile.TemporaryDirectory() as folder, capture_logs():
        asyncio.run(Story(House(Path(folder))).run(steps))
