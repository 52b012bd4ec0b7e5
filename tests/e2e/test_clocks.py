"""Two instances, the clock of one of which is five minutes fast, or slow.

What they order among each other goes by the database's clock, what they count together by that of
Redis: nobody who uses them notices. Only what a link says of its end each judges by its own clock.
"""

from __future__ import annotations

import signal
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import from_url as redis_at

from telpher.clock import SystemClock
from telpher.storage.mongo import MongoDatabase
from tests import plain_http
from tests.e2e.house import eventually
from tests.e2e.several import OFF_DUTY, ON_DUTY, Several, path_of, several
from tgfake.world.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.system]

MIB = 1 << 20


def clock(offset: int) -> dict[str, str]:
    """What sets a process's clock off by so many seconds; those that measure durations run on."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{offset:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # A workaround for other C libraries: with this one a thread that waits for another for
        # milliseconds would wait for seconds.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }


async def is_answered(http, url: str, status: int) -> bool:
    async with http.stream("GET", url) as answer:
        return answer.status_code == status


async def both_are_known(site: Several, who: Person) -> None:
    """Whose a link is, others than its maker know when the database does."""
    async with MongoDatabase(site.shared["DATABASE_URL"], SystemClock()) as database:

        async def are_there() -> bool:
            return len(await database.links.of_owner(who.user_id, 2)) == 2

        await eventually(are_there)


async def is_told(site: Several, who: Person) -> bool:
    """Whether one of them has told the others of a play of theirs."""
    async with redis_at(site.shared["REDIS_URL"]) as client:
        told = [key async for key in client.scan_iter("telpher:plays:*")]
        return any([await client.hexists(key, str(who.user_id)) for key in told])


async def time_at(http, url: str) -> float:
    report = (await http.get(f"{url}/health")).json()
    return datetime.fromisoformat(report["timestamp"]).timestamp()


@asynccontextmanager
async def apart(site: Several, offset: int, **settings: str):
    """The one on duty, whose clock is right, and one whose clock is not; with a client."""
    async with (
        site.telpher("right", **settings) as right,
        site.telpher("wrong", **settings, **clock(offset)) as wrong,
        plain_http.client() as http,
    ):
        shown = [await time_at(http, each.url) for each in (right, wrong)]
        assert abs(shown[1] - shown[0] - offset) < 100, "the clock can be set off"
        yield right, wrong, http


@pytest.fixture
async def site(tmp_path):
    async with several(tmp_path) as each:
        yield each


@pytest.mark.parametrize("offset", [300, -300])
async def test_bans_are_heard_and_the_duty_changes_hands_with_clocks_apart(site, offset):
    async with apart(site, offset, LINK_TTL_HOURS="1") as (right, wrong, http):

        async def is_banned_everywhere(who: str) -> None:
            person = site.world.person(who)
            path = await site.share_of(person)
            for each in (right, wrong):
                await eventually(partial(is_answered, http, each.url + path, 200))
            await site.told(f"/ban {person.user_id}", f"{person.user_id} is banned")
            for each in (right, wrong):
                await eventually(partial(is_answered, http, each.url + path, 410))

        await is_banned_everywhere("Bob")
        # Frozen, each loses its duty by the database's clock, and the other one's bans are heard.
        right.signal(signal.SIGSTOP)
        await wrong.logged(ON_DUTY)
        right.signal(signal.SIGCONT)
        await right.logged(OFF_DUTY)
        await is_banned_everywhere("Cid")
        wrong.signal(signal.SIGSTOP)
        await right.logged(ON_DUTY)
        wrong.signal(signal.SIGCONT)
        await wrong.logged(OFF_DUTY)
        await is_banned_everywhere("Dora")


@pytest.mark.parametrize("offset", [300, -300])
async def test_requests_are_counted_together_with_clocks_apart(site, offset):
    async with apart(site, offset, RATE_LIMIT_PER_MINUTE="10") as (right, wrong, http):
        # Each alone would let ten of them in.
        asked = [
            await http.get(f"{each.url}/nowhere") for _ in range(10) for each in (right, wrong)
        ]
        assert 8 <= sum(each.status_code == 404 for each in asked) < 16


@pytest.mark.parametrize("offset", [300, -300])
async def test_plays_are_counted_together_with_clocks_apart(site, offset):
    async with apart(site, offset, MAX_STREAMS_PER_USER="1") as (right, wrong, http):
        for first, second, who in ((right, wrong, "Bob"), (wrong, right, "Cid")):
            person = site.world.person(who)
            film = await site.share_of(person, 400 * MIB)
            other = await site.share_of(person, 2 * MIB)
            await both_are_known(site, person)
            async with http.stream("GET", first.url + film) as playing:
                assert playing.status_code == 200
                await anext(playing.aiter_raw())
                # Asked too early, it would let it in; and who is in goes on.
                await eventually(partial(is_told, site, person))
                assert (await http.get(second.url + other)).status_code == 429


async def test_a_link_ends_by_the_clock_of_whoever_is_asked(site):
    """Made to last 150 s: where the clock is five minutes fast it is over, elsewhere it is not."""
    async with apart(site, 300, LINK_TTL_HOURS=str(150 / 3600)) as (right, wrong, http):
        path = path_of(await site.link())
        assert (await http.get(wrong.url + path)).status_code == 410
        assert (await http.get(right.url + path)).status_code == 200
