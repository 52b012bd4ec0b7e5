"""SPEED_LIMIT_MBPS, MAX_STREAMS and the memory budget, as players meet them."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import SystemClock
from tests.e2e.house import PATIENCE, Time, bytes_of, house

KIB = 1 << 10
MIB = 1 << 20
MBIT = 1_000_000 // 8


class Stopped(SystemClock):
    """Time of day as it is; seconds pass when a test says so."""

    def __init__(self) -> None:
        self._passed = 1000.0

    def monotonic(self) -> float:
        return self._passed

    def advance(self, seconds: float) -> None:
        self._passed += seconds


class Taken:
    """What two connections of one play have taken together."""

    def __init__(self) -> None:
        self.total = 0
        self._grown = asyncio.Event()

    async def take(self, home, url: str, start: int, into: bytearray) -> None:
        async with home.http.stream("GET", url, headers={"Range": f"bytes={start}-"}) as answer:
            async for piece in answer.aiter_raw():
                into += piece
                self.total += len(piece)
                self._grown.set()

    async def reaches(self, total: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.total < total:
                self._grown.clear()
                await self._grown.wait()


async def test_a_speed_limit_paces_one_play_over_all_its_connections(tmp_path):
    """16 Mbit/s are 2 MB a second for both together: half a second's worth ahead, and a piece of a
    quarter of a second for each connection."""
    clock = Stopped()
    rate, ahead = 16 * MBIT, 16 * MBIT // 2 + 2 * 16 * MBIT // 4
    async with house(tmp_path, time=Time(clock=clock), speed_limit_mbps=16) as home:
        file = home.add_file(kind="video", size=4 * MIB, dc=3)
        url = await home.share(file)
        taken, bodies = Taken(), [bytearray(), bytearray()]
        starts = [0, 2 * MIB]
        size = 4 * MIB + 2 * MIB
        async with asyncio.TaskGroup() as players:
            for start, body in zip(starts, bodies, strict=True):
                players.create_task(taken.take(home, url, start, body))
            passed = 0.0
            while rate * passed < size:
                await taken.reaches(min(int(rate * (passed + 0.5)), size))
                assert taken.total <= rate * passed + ahead
                clock.advance(0.25)
                passed += 0.25
        for start, body in zip(starts, bodies, strict=True):
            assert body == bytes_of(file, start)


async def test_one_play_more_than_there_may_be_is_told_to_come_back(tmp_path):
    async with house(tmp_path, max_streams=1) as home:
        file, other = (home.add_file(kind="video", size=24 * MIB, dc=3) for _ in range(2))
        url, second = await home.share(file), await home.share(other)
        async with home.http.stream("GET", url) as answer:
            received = bytearray(await anext(answer.aiter_raw()))
            assert received == bytes_of(file, 0, len(received))
            calls = home.cluster.counters.get_file_calls
            refused = await home.http.get(second)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
            assert other.id not in {each.document for each in home.cluster.counters.ranges}
            # The play's own connections are let in, and so is who only looks.
            assert await home.get(url, 5 * MIB, 6 * MIB) == bytes_of(file, 5 * MIB, 6 * MIB)
            assert await home.get(second, 0, 1000) == bytes_of(other, 0, 1000)
            assert (await home.http.head(second)).status_code == 200
        assert home.cluster.counters.get_file_calls > calls


@pytest.mark.parametrize("budget", [4, 16])
async def test_memory_stays_within_its_budget_however_many_read(tmp_path, budget):
    """Each seat has 128 KiB for certain, out of a quarter of the memory; who finds none is told."""
    seats = budget * MIB // 4 // (128 * KIB)
    most = 0
    async with house(tmp_path, chunk_cache_mb=budget) as home:
        films = [home.add_file(kind="video", size=MIB + n, dc=3) for n in range(50)]
        urls = [await home.share(film) for film in films]
        engine = home.app.engine

        def watch(_) -> bool:
            nonlocal most
            stats = engine.stats()
            assert stats.cache_bytes <= stats.cache_budget == budget * MIB
            most = max(most, _held(engine))
            return False

        async def view(url: str, film) -> bool:
            answer = await home.http.get(url)
            if answer.status_code == 503:
                assert int(answer.headers["retry-after"]) > 0
                return False
            assert answer.content == bytes_of(film)
            return True

        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(home.cluster.counters.wait(watch, PATIENCE * 10))
            views = [tasks.create_task(view(*each)) for each in zip(urls, films, strict=True)]
            served = [await each for each in views]
            watching.cancel()
        assert sum(served) >= min(seats, len(films))
        assert 0 < most <= budget * MIB
        assert engine.stats().active_streams == 0


def _held(engine) -> int:
    """Bytes in memory, and asked for."""
    slots = {
        slot for document in engine._cache._documents.values() for slot in document.slots.values()
    }
    return sum(slot.chunk.limit if hasattr(slot, "chunk") else len(slot.data) for slot in slots)


async def test_each_users_links_have_their_share_of_the_plays(tmp_path):
    async with house(tmp_path, max_streams_per_user=1) as home:
        small = {"kind": "video", "size": 4 * MIB, "dc": 3}
        first, second = [await home.share(home.add_file(**small)) for _ in range(2)]
        await home.get(first)
        refused = await home.http.get(second)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        assert refused.json()["detail"]["error"] == "too_many_plays"
        await home.get(first, 0, MIB)


async def test_a_user_whose_links_gave_too_much_today_waits_for_tomorrow(tmp_path):
    async with house(tmp_path, daily_quota_gb=4 / 1024) as home:
        file = home.add_file(kind="video", size=4 * MIB, dc=3)
        url = await home.share(file)
        assert await home.get(url) == bytes_of(file)
        refused = await home.http.get(url)
        assert refused.status_code == 429
        assert refused.json()["detail"]["error"] == "quota_spent"
        assert 0 < int(refused.headers["retry-after"]) <= 86401
        assert (await home.http.head(url)).status_code == 200
        port = home.settings.port
    # The day is in the database, not in the process.
    async with house(tmp_path, world=home.world, port=port, daily_quota_gb=4 / 1024) as home:
        assert (await home.http.get(url)).status_code == 429
