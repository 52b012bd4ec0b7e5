"""Everything at once: a body is right to the last byte or visibly broken off.

Never short with a clean end, never a wrong byte, whatever Telegram does; and when it behaves again,
everything plays. Repeatable as far as networks are: the seed is in the test's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import httpx
import pytest

from tests.e2e.house import QUICK, House, Time, bytes_of, house, read
from tgfake.faults import Fault, Kind
from tgfake.world import File

KIB = 1 << 10
MIB = 1 << 20

# (kind, one request in so many, at most so often), of those that waiting or asking again mends.
MENDABLE = [
    (Kind.FLOOD_WAIT, 60, 1),
    (Kind.FLOOD_PREMIUM_WAIT, 60, 1),
    (Kind.REFERENCE_EXPIRED, 20, 10),
    (Kind.TIMEOUT, 20, 10),
    (Kind.INTERNAL, 20, 10),
    (Kind.UNREGISTERED, 40, 3),
    (Kind.DUPLICATED, 80, 1),
    (Kind.SILENT, 60, 1),
    (Kind.LATE, 20, 10),
    (Kind.REORDER, 10, 20),
    (Kind.SHORT, 15, 10),
    (Kind.TWICE, 10, 20),
    (Kind.RESET, 30, 5),
    (Kind.HALF_OPEN, 60, 1),
    (Kind.NO_KEY, 40, 3),
    (Kind.TOO_MANY, 60, 2),
    (Kind.BAD_SALT, 20, 10),
    (Kind.BAD_MESSAGE, 40, 4),
    (Kind.CDN_REDIRECT, 60, 2),
]


class Player:
    """Seeks about in a file and never believes what it gets."""

    def __init__(self, home: House, file: File, url: str, seed: str) -> None:
        self.home, self.file, self.url = home, file, url
        self.chance = random.Random(seed)
        self.whole = self.broken = self.refused = 0

    async def play(self, times: int) -> None:
        for _ in range(times):
            start = self.chance.randrange(self.file.size)
            length = self.chance.choice([1, 1000, 64 * KIB, 300 * KIB, 2 * MIB])
            await self.ask(start, min(start + length, self.file.size))

    async def ask(self, start: int, stop: int) -> None:
        body = bytearray()
        status = 206
        broken = False
        try:
            status = await read(self.home, self.url, body, Range=f"bytes={start}-{stop - 1}")
        except httpx.RemoteProtocolError:
            broken = True
        if status != 206:
            assert status in (502, 503)
            self.refused += 1
            return
        assert body == bytes_of(self.file, start, start + len(body))
        assert (len(body) < stop - start) == broken
        self.broken += broken
        self.whole += not broken


@pytest.mark.parametrize("seed", range(2))
async def test_right_to_the_last_byte_or_visibly_broken_off(tmp_path, seed):
    async with house(tmp_path, time=Time(timing=QUICK), chunk_cache_mb=4) as home:
        file = home.add_file(kind="video", size=8 * MIB + 777, dc=1 + seed)
        url = await home.share(file)
        for kind, one_in, times in MENDABLE:
            fault = Fault(kind, method="upload.getFile", probability=1 / one_in, times=times)
            home.cluster.faults.add(fault)
        players = [Player(home, file, url, f"{seed} {n}") for n in range(4)]
        await asyncio.gather(*(player.play(10) for player in players))
        assert sum(home.cluster.counters.faults.values()) >= 10
        assert sum(player.whole for player in players) >= 20
        home.cluster.faults.clear()
        assert await _until_well(home, url) == bytes_of(file)
        assert home.cluster.counters.crashes == 0
        assert home.app.engine.stats().active_streams == 0


async def _until_well(home: House, url: str) -> bytes:
    """The whole body: at most the next request still hears of what is over."""
    with contextlib.suppress(httpx.RemoteProtocolError):
        answer = await home.http.get(url)
        if answer.status_code == 200:
            return answer.content
    return await home.get(url)
