"""Whatever Telegram does: the right bytes, or an answer that says no."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.e2e.house import bytes_of
from tgfake.faults import Fault, Kind

MIB = 1 << 20
SIZE = 12 * MIB + 4321

PASSING = [
    Fault(Kind.FLOOD_WAIT, nth=3, seconds=1),
    Fault(Kind.FLOOD_PREMIUM_WAIT, nth=3, seconds=1),
    Fault(Kind.INTERNAL, nth=2, times=3, method="upload.getFile"),
    Fault(Kind.TIMEOUT, nth=2, times=2, method="upload.getFile"),
    Fault(Kind.RESET, nth=4, method="upload.getFile"),
    Fault(Kind.SHORT, nth=3),
    Fault(Kind.TWICE, nth=3, method="upload.getFile"),
    Fault(Kind.REORDER, nth=3, method="upload.getFile"),
    Fault(Kind.NO_KEY, nth=4, method="upload.getFile"),
    Fault(Kind.TOO_MANY, nth=4, method="upload.getFile"),
    Fault(Kind.UNREGISTERED, nth=4, method="upload.getFile"),
    Fault(Kind.AUTH_BYTES_INVALID, times=2),
    Fault(Kind.BAD_SALT, nth=3, method="upload.getFile"),
    Fault(Kind.BAD_MESSAGE, nth=3, code=16, method="upload.getFile"),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.kind.name.lower())
async def test_passing_trouble_costs_time_and_no_byte(home, fault):
    file = home.add_file(kind="video", size=SIZE, dc=4)
    url = await home.share(file)
    home.cluster.faults.add(fault)
    assert await home.get(url) == bytes_of(file)
    assert fault.struck > 0


async def test_references_that_expire_in_the_middle_are_refreshed_once(home):
    file = home.add_file(kind="video", size=SIZE, dc=4)
    url = await home.share(file)
    await home.get(url, 0, 1000)
    home.world.expire_references(file)
    calls = home.cluster.counters.calls
    before = calls["messages.getMessages"]
    bodies = await asyncio.gather(*(home.get(url, 100_000, SIZE) for _ in range(5)))
    assert all(body == bytes_of(file, 100_000) for body in bodies)
    assert calls["messages.getMessages"] == before + 1


async def test_a_reference_that_stays_refused_is_given_up(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    home.cluster.faults.add(Fault(Kind.REFERENCE_EXPIRED, times=None))
    assert (await home.http.get(url)).status_code == 502
    assert home.cluster.counters.get_file_calls < 20


async def test_a_file_that_moves_to_another_dc_in_the_middle(home):
    file = home.add_file(kind="video", size=SIZE, dc=4)
    url = await home.share(file)
    await home.get(url, 0, 1000)
    home.world.move_file(file, 1)
    assert await home.get(url) == bytes_of(file)
    assert home.cluster.counters.errors["FILE_MIGRATE_1"] >= 1


async def test_an_answer_that_never_comes_is_asked_for_again(home):
    file = home.add_file(kind="video", size=SIZE, dc=4)
    url = await home.share(file)
    home.cluster.faults.add(Fault(Kind.SILENT, nth=3, method="upload.getFile"))
    assert await home.get(url) == bytes_of(file)


async def test_a_flood_wait_longer_than_players_wait_is_503_at_once(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    home.cluster.faults.add(Fault(Kind.FLOOD_WAIT, seconds=300, method="upload.getFile"))
    answer = await home.http.get(url)
    assert answer.status_code == 503
    assert 290 <= int(answer.headers["retry-after"]) <= 300


async def test_a_cdn_redirect_is_an_honest_502(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    home.cluster.faults.add(Fault(Kind.CDN_REDIRECT, times=None))
    assert (await home.http.get(url)).status_code == 502


async def test_bytes_finally_lost_break_the_body_off_visibly(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    refusal = Fault(
        Kind.ERROR,
        nth=6,
        times=None,
        code=400,
        message="CHANNEL_PRIVATE",
        method="upload.getFile",
    )
    home.cluster.faults.add(refusal)
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        await _read(home, url, received)
    assert received == bytes_of(file, 0, len(received))
    assert len(received) < SIZE


async def _read(home, url: str, into: bytearray) -> None:
    async with home.http.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for piece in answer.aiter_raw():
            into += piece


async def test_the_connection_to_telegram_comes_back_by_itself(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    for connection in home.cluster.connections:
        connection.abort()
    await home.connected()
    assert await home.get(url) == bytes_of(file)
    later = home.add_file(size=1000)
    assert await home.get(await home.share(later)) == bytes_of(later)


async def test_a_message_deleted_in_mid_stream_breaks_the_body_off(home):
    file = home.add_file(size=SIZE, dc=4)
    url = await home.share(file)
    await home.get(url, 0, 1000)
    home.world.delete(*(seen.message for seen in home.ann.history(home.bot) if seen.file))
    home.world.expire_references(file)
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        await _read(home, url, received)
    assert 0 < len(received) < SIZE
    assert received == bytes_of(file, 0, len(received))
    assert (await home.http.get(url)).status_code in (404, 410)
