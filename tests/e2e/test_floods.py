"""Flood waits: held as long as players hold, told at once where they are longer, learned from.

What a wait costs is counted in calls, not in seconds: while it lasts nothing is asked for.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.e2e.house import PATIENCE, bytes_of, house, repeated
from tgfake.faults import Fault, Kind, RateLimit

KIB = 1 << 10
MIB = 1 << 20
FLOODS = pytest.mark.parametrize(
    "kind", [Kind.FLOOD_WAIT, Kind.FLOOD_PREMIUM_WAIT], ids=["flood", "premium"]
)


@pytest.fixture
async def small(tmp_path):
    """A telpher whose memory holds little of a film."""
    async with house(tmp_path, chunk_cache_mb=8) as home:
        yield home


def flood(home, kind: Kind, seconds: int, method: str = "upload.getFile") -> Fault:
    fault = Fault(kind, method=method, times=None, seconds=seconds)
    return home.cluster.faults.add(fault)


async def over_once_it_is_noticed(home, fault: Fault) -> None:
    """Telegram serves again at once; telpher, which was told of seconds, cannot know."""
    await home.cluster.counters.wait(lambda _: fault.struck > 0, PATIENCE)
    home.cluster.faults.remove(fault)


@FLOODS
async def test_a_short_one_on_the_only_bot_is_held_before_the_status_line(home, kind):
    file = home.add_file(size=3 * MIB, dc=4)
    url = await home.share(file)
    fault = flood(home, kind, 2)
    body, _ = await asyncio.gather(home.get(url), over_once_it_is_noticed(home, fault))
    assert body == bytes_of(file)
    counters = home.cluster.counters
    assert repeated(home, file) == []
    assert counters.get_file_calls == len(counters.served(file.id)) + fault.struck


@FLOODS
async def test_a_short_one_on_the_only_bot_is_held_in_mid_body(small, kind):
    file = small.add_file(kind="video", size=24 * MIB, dc=4)
    url = await small.share(file)
    counters = small.cluster.counters
    received = bytearray()
    async with small.http.stream("GET", url) as answer, asyncio.TaskGroup() as tasks:
        pieces = answer.aiter_raw()
        received += await anext(pieces)
        fault = flood(small, kind, 2)
        tasks.create_task(over_once_it_is_noticed(small, fault))
        async for piece in pieces:
            received += piece
    assert received == bytes_of(file)
    # Nobody hammered: what was flooded was under way when the first flood wait came.
    assert counters.get_file_calls == len(counters.served(file.id)) + fault.struck
    assert fault.struck <= 16


@FLOODS
async def test_a_longer_one_is_told_at_once_and_then_without_asking(home, kind):
    file = home.add_file(size=3 * MIB, dc=4)
    url = await home.share(file)
    flood(home, kind, 300)
    counters = home.cluster.counters
    first = await home.http.get(url)
    calls = counters.get_file_calls
    second = await home.http.get(url)
    for answer in (first, second):
        assert answer.status_code == 503
        assert 240 <= int(answer.headers["retry-after"]) <= 300
    assert counters.get_file_calls == calls <= 4


@FLOODS
async def test_one_second_more_than_is_held_before_the_status_line_is_told_at_once(home, kind):
    file = home.add_file(size=3 * MIB, dc=4)
    url = await home.share(file)
    flood(home, kind, 21)
    answer = await home.http.get(url)
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 21
    assert home.cluster.counters.get_file_calls <= 4


@FLOODS
@pytest.mark.parametrize("seconds", [26, 300])
async def test_a_longer_one_in_mid_body_breaks_the_body_off(small, kind, seconds):
    file = small.add_file(kind="video", size=24 * MIB, dc=4)
    url = await small.share(file)
    counters = small.cluster.counters
    received = bytearray()

    async def play() -> None:
        async with small.http.stream("GET", url) as answer:
            assert answer.status_code == 200
            pieces = answer.aiter_raw()
            received.extend(await anext(pieces))
            flood(small, kind, seconds)
            async for piece in pieces:
                received.extend(piece)

    with pytest.raises(httpx.RemoteProtocolError):
        await play()
    assert 0 < len(received) < file.size
    assert received == bytes_of(file, 0, len(received))
    assert counters.floods <= 16
    # The player comes back with a Range, and is told when to try again.
    calls = counters.get_file_calls
    again = await small.http.get(url, headers={"Range": f"bytes={file.size - 1000}-"})
    assert again.status_code == 503
    assert 1 <= int(again.headers["retry-after"]) <= seconds
    assert counters.get_file_calls == calls


async def test_a_short_one_on_the_message_is_held_and_a_longer_one_told(home):
    file = home.add_file(size=100_000, dc=4)
    url = await home.share(file)
    fault = flood(home, Kind.FLOOD_WAIT, 300, "messages.getMessages")
    answer = await home.http.get(url)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 240
    home.cluster.faults.remove(fault)
    fault = flood(home, Kind.FLOOD_WAIT, 2, "messages.getMessages")
    body, _ = await asyncio.gather(home.get(url), over_once_it_is_noticed(home, fault))
    assert body == bytes_of(file)


async def test_the_pace_of_calls_is_learned_from_a_token_bucket(small):
    """Telegram lets 30 calls a second through. Whoever does not learn it is flooded again and
    again; who has learned is flooded hardly ever."""
    file = small.add_file(kind="video", size=64 * MIB, dc=4)
    url = await small.share(file)
    counters = small.cluster.counters
    small.cluster.faults.limit(RateLimit(rate=30, burst=30))
    places = iter(range(0, file.size, 512 * KIB))

    async def seek_about() -> None:
        for start in places:
            stop = start + 64 * KIB
            assert await small.get(url, start, stop) == bytes_of(file, start, stop)
            if counters.get_file_calls >= 64 and "learned" not in marks:
                marks["learned"] = (counters.get_file_calls, counters.floods)

    marks: dict[str, tuple[int, int]] = {}
    async with asyncio.TaskGroup() as viewers:
        for _ in range(8):
            viewers.create_task(seek_about())
    calls, floods = marks["learned"]
    assert counters.floods > 0
    later = counters.get_file_calls - calls
    assert later >= 60
    assert counters.floods - floods <= later / 10
