"""Players as they were recorded (players.md 3 and 4): asked for in a row, fetched once."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.e2e.house import PATIENCE, bytes_of, repeated

KIB = 1 << 10
MIB = 1 << 20
GRANULE = 64 * KIB


async def glance(home, url: str, file, start: int, count: int) -> None:
    """An open range, left after `count` bytes, as most are."""
    async with home.http.stream("GET", url, headers={"Range": f"bytes={start}-"}) as answer:
        assert answer.status_code == 206
        received = bytearray()
        async for piece in answer.aiter_raw():
            received += piece
            if len(received) >= count:
                break
    assert received == bytes_of(file, start, start + len(received))


async def landed(home) -> None:
    """Nothing is under way any more, whether it was answered or dropped."""
    await home.cluster.counters.wait(lambda c: c.in_flight == 0, PATIENCE)


@pytest.mark.parametrize("tails", [1, 2], ids=["vlc", "chromium"])
async def test_a_container_with_its_index_at_the_end(home, tails):
    file = home.add_file(kind="video", size=12 * MIB + 99, dc=3)
    url = await home.share(file)
    await glance(home, url, file, 0, 100 * KIB)
    await landed(home)
    tail = file.size - 300_000
    await asyncio.gather(*(glance(home, url, file, tail, 300_000) for _ in range(tails)))
    await landed(home)
    calls = home.cluster.counters.get_file_calls
    # Head and tail stay, so what looks at them again costs nothing.
    assert await home.get(url, 48, 100 * KIB) == bytes_of(file, 48, 100 * KIB)
    assert await home.get(url, tail, file.size) == bytes_of(file, tail)
    assert home.cluster.counters.get_file_calls == calls
    assert await home.get(url, 48, file.size) == bytes_of(file, 48)
    # What was under way when the first request was left may come a second time, nothing else.
    assert all(0 < offset < 4 * MIB for offset, _ in repeated(home, file))
    assert home.served(file) <= file.size + 3 * MIB


async def test_the_same_tail_twice_at_the_same_instant(home):
    file = home.add_file(kind="video", size=12 * MIB + 99, dc=3)
    url = await home.share(file)
    tail = file.size - 300_000
    bodies = await asyncio.gather(*(home.get(url, tail, file.size) for _ in range(2)))
    assert bodies == [bytes_of(file, tail)] * 2
    assert repeated(home, file) == []
    assert home.served(file) <= 300_000 + GRANULE


@pytest.mark.parametrize("connections", [1, 3], ids=["one after the other", "three at once"])
async def test_a_fragment_at_a_time(home, connections):
    """68 ranges in a row over a file, which begin and end anywhere."""
    file = home.add_file(kind="video", size=8 * MIB + 4321, dc=3)
    url = await home.share(file)
    edges = [n * file.size // 68 for n in range(69)]
    fragments = list(itertools.pairwise(edges))

    async def play(mine: list[tuple[int, int]]) -> None:
        for start, stop in mine:
            assert await home.get(url, start, stop) == bytes_of(file, start, stop)

    await asyncio.gather(*(play(fragments[n::connections]) for n in range(connections)))
    assert repeated(home, file) == []
    assert home.served(file) == file.size


async def test_a_fragment_at_a_time_with_open_ends(home):
    """VLC: each on a connection of its own, without an end, and left after the fragment.

    Only what is dropped of the first few read-aheads is asked for again: it comes to 1.4 times the
    file, and to ten times where each fragment is taken for a viewer who stays.
    """
    file = home.add_file(kind="video", size=8 * MIB + 4321, dc=3)
    url = await home.share(file)
    fragments = 68
    for n in range(fragments):
        start = n * file.size // fragments
        await glance(home, url, file, start, file.size // fragments)
    await landed(home)
    assert home.served(file) <= 2 * file.size
    calls = home.cluster.counters.get_file_calls
    for n in range(fragments):  # they all stay: going back costs nothing
        start = n * file.size // fragments
        await home.get(url, start, start + file.size // fragments)
    assert home.cluster.counters.get_file_calls == calls
