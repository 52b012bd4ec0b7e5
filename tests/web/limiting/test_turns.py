from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest

from telpher.core.model import MessageRef, Sitting
from telpher.errors import StorageError, TelegramUnavailableError
from telpher.service.register import Entry
from telpher.streaming.plays import LEAST_ANSWER, OVER_AFTER
from telpher.web.limiting.rates import GENEROUS, Rates
from telpher.web.limiting.shared import OwnCounts
from tests import plain_http
from tests.web.fakes import KEY, MOVIE, PATIENCE, FakeAdmission, World, serving
from tests.web.raw import wire

DEFAULT = 60
SMALL = LEAST_ANSWER - 1


class SlowCounts(OwnCounts):
    """Counts that somebody else has to answer for."""

    def __init__(self, clock):
        super().__init__(clock)
        self.asked = 0
        self.grown = asyncio.Condition()
        self.answer = asyncio.Event()

    async def hit(self, item, key):
        async with self.grown:
            self.asked += 1
            self.grown.notify_all()
        await self.answer.wait()
        return await super().hit(item, key)

    async def are_asked(self, times):
        async with asyncio.timeout(PATIENCE), self.grown:
            await self.grown.wait_for(lambda: self.asked >= times)


class Together(FakeAdmission):
    """Lets requests go on when so many are there."""

    def __init__(self, count):
        super().__init__()
        self.barrier = asyncio.Barrier(count)

    async def admit(self, link_id):
        async with asyncio.timeout(PATIENCE):
            await self.barrier.wait()
        return await super().admit(link_id)


def at_most(number):
    """RATE_LIMIT_PER_MINUTE of a test."""
    return pytest.mark.parametrize("per_minute", [number])


@pytest.fixture
def per_minute():
    return DEFAULT


@pytest.fixture
def counts(world):
    """One play a minute, counted elsewhere."""
    counts = SlowCounts(world.clock)
    world.rates = Rates(1, OwnCounts(world.clock), counts)
    return counts


@pytest.fixture
def together(world):
    """16 requests wait for each other before they begin."""
    world.admission = Together(16)


@pytest.fixture
def world(per_minute):
    """Files, each with a link, and a proxy on this machine."""
    world = World()
    world.trusted = (ip_network("127.0.0.1"),)
    for number in range(200):
        ref = MessageRef(7, number)
        world.engine.files[ref] = MOVIE
        world.links.ids[ref] = 1000 + number
        world.book.entries[1000 + number] = Entry(1, "", MOVIE.size)
    world.rates = Rates(per_minute, OwnCounts(world.clock))
    return world


def link(number=0, route="stream"):
    return f"/{route}/7/{number}/movie.mp4?k={KEY}"


async def statuses(client, numbers, **headers):
    return [(await client.get(link(number), headers=headers)).status_code for number in numbers]


async def test_vlcs_68_connections_for_a_minute_of_film_are_one_play(world, server):
    for number in range(68):
        async with wire(server.port) as connection:
            head = await connection.ask(link(), f"Range: bytes={number * 10_000}-")
            assert head.status == 206
            connection.vanish()
        world.clock.advance(59 / 68)
    assert (await world.rates.plays.headers("127.0.0.1"))["RateLimit"].startswith('"plays";r=59;')


async def test_aria2s_16_connections_at_once_are_one_play(world, counts, together, client):
    parts = [f"bytes={n * LEAST_ANSWER}-" for n in (*range(15), 0)]
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(client.get(link(), headers={"Range": each})) for each in parts]
        await counts.are_asked(1)
        counts.answer.set()
    assert {each.result().status_code for each in answers} == {206}
    assert counts.asked == 1
    assert await statuses(client, [1]) == [429]  # 1 is all there may be


async def test_of_connections_at_once_none_slips_by(world, counts, together, client):
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(client.get(link(number % 2))) for number in range(16)]
        await counts.are_asked(2)
        counts.answer.set()
    assert sorted(each.result().status_code for each in answers) == [200] * 8 + [429] * 8


async def test_one_who_leaves_meanwhile_leaves_the_decision_to_the_next(counts, server):
    async with wire(server.port) as first, wire(server.port) as second:
        first.send(link())
        await counts.are_asked(1)
        second.send(link())
        first.vanish()
        await counts.are_asked(2)
        counts.answer.set()
        assert (await second.head()).status == 200


@at_most(1)
async def test_a_playlist_of_a_hundred_is_one_play(world, client):
    for number in range(100):
        world.book.entries[1000 + number] = Entry(1, "a playlist", MOVIE.size)
    assert set(await statuses(client, range(100))) == {200}
    assert {each.playlist for each in world.engine.viewers} == {"a playlist"}
    assert await statuses(client, [150]) == [429]


async def test_a_seek_storm_is_let_pass(world, client):
    seeks = [f"bytes={number * 1000}-" for number in range(500)]
    answers = [await client.get(link(), headers={"Range": each}) for each in seeks]
    assert {each.status_code for each in answers} == {206}


@at_most(1)
async def test_ranges_of_one_play_have_a_limit_too(world, client):
    assert await statuses(client, [0]) == [200]
    for _ in range(GENEROUS - 1):
        await world.rates.ranges.hit("127.0.0.1/1000")
    assert await statuses(client, [0]) == [200]
    answer = await client.get(link())
    assert answer.status_code == 429
    assert answer.headers["RateLimit-Policy"] == f'"ranges";q={GENEROUS};w=60'


async def test_the_61st_link_within_a_minute_is_refused_before_telegram_is_asked(world, client):
    assert set(await statuses(client, range(60))) == {200}
    world.clock.advance(20)
    located = world.engine.located
    answer = await client.get(link(60), headers={"Origin": "https://example.org"})
    assert answer.status_code == 429
    assert answer.json()["detail"]["error"] == "rate_limited"
    assert answer.json()["detail"]["retry_after"] == 41
    assert answer.headers["Retry-After"] == "41"
    assert answer.headers["RateLimit-Policy"] == '"plays";q=60;w=60'
    assert answer.headers["RateLimit"] == '"plays";r=0;t=100'
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert world.engine.located == located
    assert await statuses(client, [0]) == [200]  # what is going on goes on
    world.clock.advance(41)
    assert await statuses(client, [60]) == [200]


@at_most(5)
async def test_head_and_small_answers_start_no_play(world, client):
    tag = (await client.head(link())).headers["ETag"]
    small = {"Range": f"bytes=0-{SMALL - 1}"}
    for number in range(15):
        assert (await client.head(link(number))).status_code == 200
        assert (await client.get(link(number), headers=small)).status_code == 206
        assert (await client.get(link(number), headers={"If-None-Match": tag})).status_code == 304
        behind = {"Range": f"bytes={MOVIE.size}-"}
        assert (await client.get(link(number), headers=behind)).status_code == 416
    assert await statuses(client, range(20, 26)) == [200] * 5 + [429]


@at_most(1)
async def test_a_client_without_plays_left_still_gets_small_answers(world, client):
    world.engine.files[MessageRef(7, 3)] = replace(MOVIE, size=SMALL)
    world.book.entries[1003] = Entry(1, "", SMALL)
    assert await statuses(client, [0, 1, 3]) == [200, 429, 200]
    assert await statuses(client, [1], Range="bytes=-1000") == [206]
    assert await statuses(client, [1], Range="bytes=0-70000") == [429]
    several = f"bytes=0-{SMALL},{2 * SMALL}-{3 * SMALL}"
    assert await statuses(client, [1], Range=several) == [429]


@at_most(1)
async def test_a_range_that_if_range_makes_void_is_counted_as_what_it_is(world, client):
    whole = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert await statuses(client, [0, 1], **whole) == [200, 429]


async def test_requests_without_a_good_link_are_counted_apart(world, client):
    for _ in range(GENEROUS - 1):
        await world.rates.requests.hit("127.0.0.1")
    assert (await client.get("/stream/7/1?k=guess")).status_code == 404
    assert (await client.get("/stream/7/1?k=guess")).status_code == 429
    assert (await client.head(link())).status_code == 429


@at_most(2)
async def test_a_play_is_a_new_one_after_a_minute_without_bytes(world, client):
    assert await statuses(client, [0, 0]) == [200, 200]
    world.clock.advance(OVER_AFTER)
    assert await statuses(client, [0, 0, 1]) == [200, 200, 429]


@at_most(1)
async def test_a_play_that_the_engine_knows_goes_on_for_as_long_as_it_likes(world, client):
    world.engine.going_on.add(Sitting(1000, "127.0.0.1"))
    for _ in range(5):
        assert await statuses(client, [0]) == [200]
        world.clock.advance(10 * OVER_AFTER)
    assert await statuses(client, [1]) == [200]


@at_most(1)
async def test_what_failed_to_begin_may_be_tried_again(world, client):
    world.engine.fail_open = TelegramUnavailableError("away")
    assert await statuses(client, [0]) == [503]
    world.engine.fail_open = None
    assert await statuses(client, [0, 1]) == [200, 429]


@at_most(1)
async def test_a_client_is_an_address_of_ipv4_or_a_network_of_ipv6(world, client):

    async def status(number, address):
        return (await statuses(client, [number], **{"X-Forwarded-For": address}))[0]

    assert await status(0, "203.0.113.7") == 200
    assert await status(1, "203.0.113.7") == 429
    assert await status(1, "203.0.113.8") == 200
    assert await status(2, "2001:db8:0:1::1") == 200
    assert await status(3, "2001:db8:0:1:ffff::2") == 429
    assert await status(3, "2001:db8:0:2::1") == 200
    assert {each.client for each in world.engine.viewers} == {
        "203.0.113.7",
        "203.0.113.8",
        "2001:db8:0:1::/64",
        "2001:db8:0:2::/64",
    }


async def test_without_a_limit_nothing_is_refused(world):
    world.rates = None
    async with (
        serving(world.app(), world.clock) as server,
        plain_http.client(f"http://127.0.0.1:{server.port}") as client,
    ):
        assert set(await statuses(client, range(200))) == {200}


@at_most(2)
async def test_a_database_that_is_away_or_slow_costs_no_play(world, client):
    async def away():
        raise StorageError("away")

    async def silent():
        await asyncio.Event().wait()

    for before in (away, silent):
        world.book.before = before
        assert await statuses(client, [0, 0, 1]) == [200, 200, 200]
    assert await statuses(client, [2]) == [429]
