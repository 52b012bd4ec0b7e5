"""Viewers who are cut off, proxies nobody knows, caches and counters that find no place."""

import asyncio
import contextlib

import httpx
import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import PAGE
from telpher.core.tally import BytesServed
from telpher.errors import StorageError
from telpher.service.journal import Journal
from tests.e2e.house import house
from tests.streaming.disk.fakes import FILM
from tests.streaming.disk.house import House as DiskHouse
from tests.streaming.disk.house import keep
from tests.telegram.custody.test_duty import LEASE, Instances
from tests.web.fakes import KEY, MOVIE, REF, World, serving
from tests.web.raw import wire

SIZE = 12 << 20


@pytest.mark.produces("proxy-not-trusted")
async def test_a_proxy_that_nobody_named(tmp_path, diagnosed):
    async with house(tmp_path) as home:
        await home.http.get("/", headers={"X-Forwarded-For": "198.51.100.7"})
    await diagnosed.logged()


@pytest.mark.produces("body-broken-off")
async def test_a_message_that_is_deleted_while_it_plays(tmp_path, diagnosed):
    async with house(tmp_path) as home:
        file = home.add_file(size=SIZE, dc=4)
        url = await home.share(file)
        await home.get(url, 0, 1000)
        home.world.delete(*(seen.message for seen in home.ann.history(home.bot) if seen.file))
        home.world.expire_references(file)
        with contextlib.suppress(httpx.RemoteProtocolError):
            await home.http.get(url)
        await diagnosed.logged()


@pytest.mark.produces("streams-cut-off")
async def test_a_stream_that_does_not_end(diagnosed):
    world, held = World(), asyncio.Event()

    async def hold(position: int) -> None:
        if position >= MOVIE.size // 2:
            await held.wait()

    world.engine.before_piece = hold
    async with serving(world.app(), world.clock) as server, wire(server.port) as playing:
        await playing.ask(f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}")
        await server.drain(0)
        await playing.rest()
    await diagnosed.logged()


@pytest.mark.produces("disk-cache-troubled")
async def test_a_disk_cache_on_a_full_disk(tmp_path, diagnosed):
    disk = DiskHouse(tmp_path)
    async with disk.tier() as tier:
        await tier.settled()
        disk.files.failing["write"] = OSError(28, "No space left on device")
        await keep(tier, FILM, 0, PAGE)
    await diagnosed.logged()


class Full:
    """A disk that takes no counters."""

    async def add(self, token, page):
        raise StorageError("database or disk is full")


@pytest.mark.produces("counters-dropped")
async def test_counters_that_find_no_place(diagnosed):
    journal = Journal(Full(), most_sums=2)
    for number in range(9):
        journal.note(BytesServed(number, 99, 1, 0))
    await diagnosed.logged()


@pytest.mark.produces("updates-elsewhere")
async def test_another_instance_takes_over(tmp_path, diagnosed):
    both = Instances(tmp_path)
    first = await both.on("a")
    both.clock.advance(LEASE + 1)
    await both.on("b")
    assert not await first.look()
    assert isinstance(both.clock, FakeClock)
    await diagnosed.logged()
