"""Whatever Telegram does: the right bytes, or an answer that says no."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from telpher.core.model import MessageRef
from tests.e2e.house import QUICK, Time, bytes_of, house, link_to
from tgfake.faults import Fault, Kind

MIB = 1 << 20
SIZE = 12 * MIB + 4321

PASSING = [
    Fault(Kind.FLOOD_WAIT, nth=3),
    Fault(Kind.FLOOD_PREMIUM_WAIT, nth=3),
    Fault(Kind.INTERNAL, nth=2),
    Fault(Kind.TIMEOUT, nth=2),
    Fault(Kind.RESET, nth=4),
    Fault(Kind.HALF_OPEN, nth=4),
    Fault(Kind.SILENT, nth=3),
    Fault(Kind.LATE, nth=3, seconds=0.5),
    Fault(Kind.SHORT, nth=3),
    Fault(Kind.TWICE, nth=3),
    Fault(Kind.REORDER, nth=3),
    Fault(Kind.NO_KEY, nth=4),
    Fault(Kind.TOO_MANY, nth=4),
    Fault(Kind.UNREGISTERED, nth=4),
    Fault(Kind.DUPLICATED, nth=4),
    Fault(Kind.BAD_SALT, nth=3),
    Fault(Kind.BAD_MESSAGE, nth=3, code=16),
]

# What may be under way at once, and hence be lost with a connection, of a file of this size.
MOST_UNDER_WAY = 24


@pytest.fixture
async def quick(tmp_path):
    async with house(tmp_path, time=Time(timing=QUICK)) as each:
        yield each


def armed(home, fault: Fault, times: int | None = None) -> Fault:
    """A fault for getFile; of a template, so that no test counts for another."""
    mine = replace(fault, method="upload.getFile", times=times or fault.times, seen=0, struck=0)
    return home.cluster.faults.add(mine)


@pytest.mark.parametrize("template", PASSING, ids=lambda fault: fault.kind.name.lower())
async def test_passing_trouble_costs_time_and_no_byte(quick, template):
    """What it costs is counted: nothing is asked for again but what may have been lost."""
    file = quick.add_file(kind="video", size=SIZE, dc=4)
    url = await quick.share(file)
    fault = armed(quick, template)
    assert await quick.get(url) == bytes_of(file)
    assert fault.struck == 1
    calls = quick.cluster.counters.get_file_calls
    assert calls <= len(set(quick.cluster.counters.served(file.id))) + MOST_UNDER_WAY
    assert quick.cluster.counters.connections_by_dc[4] <= 12


@pytest.mark.parametrize(
    ("kind", "times"), [(Kind.TIMEOUT, 12), (Kind.INTERNAL, 12), (Kind.SHORT, 12), (Kind.RESET, 4)]
)
async def test_a_burst_of_trouble_is_lived_through(quick, kind, times):
    file = quick.add_file(kind="video", size=SIZE, dc=4)
    url = await quick.share(file)
    fault = armed(quick, Fault(kind), times)
    assert await quick.get(url) == bytes_of(file)
    assert fault.struck == times
    calls = quick.cluster.counters.get_file_calls
    served = len(set(quick.cluster.counters.served(file.id)))
    assert calls <= served + times * (MOST_UNDER_WAY if kind is Kind.RESET else 1) + MOST_UNDER_WAY


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


async def test_viewers_of_one_film_move_with_it_at_once(quick):
    file = quick.add_file(kind="video", size=SIZE, dc=4)
    url = await quick.share(file)
    await quick.get(url, 0, 1000)
    quick.world.move_file(file, 5)
    starts = range(MIB, SIZE, 2 * MIB)
    bodies = await asyncio.gather(*(quick.get(url, start, SIZE) for start in starts))
    assert bodies == [bytes_of(file, start) for start in starts]
    counters = quick.cluster.counters
    assert counters.errors["FILE_MIGRATE_5"] <= MOST_UNDER_WAY  # those that were under way
    before = counters.errors["FILE_MIGRATE_5"]
    await quick.get(url, 200_000, 300_000)
    assert counters.errors["FILE_MIGRATE_5"] == before


async def test_references_expire_again_and_again(quick):
    file = quick.add_file(kind="video", size=SIZE, dc=4)
    url = await quick.share(file)
    received = bytearray()
    async with quick.http.stream("GET", url) as answer:
        async for piece in answer.aiter_raw():
            if len(received) // (3 * MIB) < (len(received) + len(piece)) // (3 * MIB):
                quick.world.expire_references(file)
            received += piece
    assert received == bytes_of(file)
    assert quick.cluster.counters.calls["messages.getMessages"] <= 1 + SIZE // (3 * MIB)


async def test_a_bot_that_is_put_out_of_the_channel_of_a_file(quick):
    """It goes on while Telegram serves it; once references go stale, the body is broken off."""
    group = quick.world.add_supergroup("Films", quick.ann.account, quick.bot)
    quick.bot.privacy = False
    file = quick.add_file(kind="video", size=SIZE, dc=4)
    sent = await quick.ann.send_file(group, file)
    url = link_to(quick, MessageRef(group.peer.marked, sent.message.id_for(quick.bot.user_id)))
    assert await quick.get(url, 0, 1000) == bytes_of(file, 0, 1000)
    quick.world.remove_member(group, quick.bot, ban=True)
    quick.world.expire_references(file)
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        await _read(quick, url, received)
    assert 0 < len(received) < SIZE
    assert received == bytes_of(file, 0, len(received))
    assert (await quick.http.get(url)).status_code in (404, 410)
    assert quick.cluster.counters.get_file_calls <= MOST_UNDER_WAY


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
