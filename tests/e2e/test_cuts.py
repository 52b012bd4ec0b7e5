"""The network of one of two instances is cut, and mended: to Redis, to MongoDB, to Telegram.

It is cut in both ways (tests/wire): so that both ends know, and so that neither does. The instance
is the one on duty, people write to it meanwhile, films play on it, and links die at the other one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from tests import plain_http
from tests.e2e.house import PATIENCE, bytes_of, eventually
from tests.e2e.process import Telpher
from tests.e2e.several import BOT, OFF_DUTY, ON_DUTY, Several, several
from tests.wire import Wire, to_port, to_socket, wire
from tgfake.world import File, FileSpec
from tgfake.world.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.system]

MIB = 1 << 20

ways = pytest.mark.parametrize("cut", [Wire.reset, Wire.swallow], ids=["reset", "black hole"])


@dataclass
class Pair:
    """One behind wires, on duty; the other one not behind any. And a film that everybody knows."""

    site: Several
    one: Telpher
    two: Telpher
    http: httpx.AsyncClient
    film: File
    path: str

    async def plays(self, instance: Telpher) -> None:
        """The film, to its end."""
        answer = await self.http.get(instance.url + self.path)
        assert (answer.status_code, answer.content) == (200, bytes_of(self.film))

    async def is_answered(self, instance: Telpher, path: str, status: int) -> None:
        """Waits until it is."""
        await eventually(partial(self._has_status, instance.url + path, status))

    async def health(self, instance: Telpher, level: str, *reasons: str) -> None:
        """Waits until it is told, for these reasons alone."""

        async def is_told() -> bool:
            report = (await self.http.get(f"{instance.url}/health")).json()
            told = {each["reason"] for each in report["reasons"]}
            return report["status"] == level and told == set(reasons)

        await eventually(is_told)

    async def _has_status(self, url: str, status: int) -> bool:
        async with self.http.stream("GET", url) as answer:
            return answer.status_code == status


@contextlib.asynccontextmanager
async def pair(site: Several, **ones: str) -> AsyncIterator[Pair]:
    """Both, at work; `ones` are the settings of the one alone."""
    async with (
        site.telpher("one", **ones) as one,
        site.telpher("two") as two,
        plain_http.client() as http,
    ):
        film = site.world.add_file(FileSpec(size=3 * MIB, dc=4))
        path = await site.share_of(site.ann, film)
        both = Pair(site, one, two, http, film, path)
        for each in (one, two):
            await both.plays(each)
            await both.health(each, "healthy")
        yield both


async def has_banned(admin: Person, who: Person) -> None:
    """Says it until it is done."""
    async with asyncio.timeout(PATIENCE):
        said = ""
        while "is banned" not in said:
            sent = await admin.send(BOT, f"/ban {who.user_id}")
            said = (await admin.reply_to(sent)).text


@pytest.fixture
async def site(tmp_path):
    async with several(tmp_path) as each:
        yield each


@ways
async def test_between_it_and_redis(site, cut):
    bob = site.world.person("Bob")
    socket = site.shared["REDIS_URL"].removeprefix("unix://")
    async with wire(to_socket(socket)) as line:
        url = f"redis://127.0.0.1:{line.port}"
        async with pair(site, REDIS_URL=url, MAX_STREAMS_PER_USER="5") as both:
            path = await site.share_of(bob)
            await both.is_answered(both.two, path, 200)
            cut(line)
            await both.plays(both.one)
            await site.link()
            await both.health(both.one, "degraded", "redis_unreachable")
            await both.health(both.two, "healthy")
            # No bell: the other one hears of it from the database.
            await site.told(f"/ban {bob.user_id}", "is banned")
            for each in (both.one, both.two):
                await both.is_answered(each, path, 410)
            await line.mend()
            await both.health(both.one, "healthy")
            await site.told(f"/unban {bob.user_id}", "is not banned")
            for each in (both.one, both.two):
                await both.is_answered(each, path, 200)
            site.everything_is_answered_once()


@ways
async def test_between_it_and_mongodb(site, cut):
    ada, bob = site.world.person("Ada"), site.world.person("Bob")
    site.shared["ADMINS"] = str(ada.user_id)
    async with wire(to_port(site.mongo.port)) as line:
        url = f"mongodb://127.0.0.1:{line.port}/telpher"
        async with pair(site, DATABASE_URL=url) as both:
            path = await site.share_of(bob)
            await both.is_answered(both.two, path, 200)
            cut(line)
            await site.link()
            await both.plays(both.one)
            await both.health(both.one, "degraded", "database_unreachable")
            # Nobody knows that it is still there. Now both hear what people write.
            await both.two.logged(ON_DUTY)
            for _ in range(5):
                await site.link()
            # Of the two one can do what it is told to. Ada may be told first that the other cannot.
            await has_banned(ada, bob)
            await both.is_answered(both.two, path, 410)
            await both.is_answered(both.one, path, 200)
            await line.mend()
            await both.one.logged(OFF_DUTY)
            await both.is_answered(both.one, path, 410)
            await both.health(both.one, "healthy")
            link = await site.link()
            assert f":{both.two.port}/" in link
            await both.plays(both.one)
            site.everything_is_answered_once()


@ways
async def test_between_it_and_telegram(site, cut, tmp_path):
    async with contextlib.AsyncExitStack() as life:
        servers = json.loads(site.servers.read_text())
        lines = []
        for each in servers["dcs"]:
            lines.append(await life.enter_async_context(wire(to_port(each["port"]))))
            each["port"] = lines[-1].port
        behind = tmp_path / "behind.json"
        behind.write_text(json.dumps(servers))
        both = await life.enter_async_context(pair(site, TELEGRAM_SERVERS=str(behind)))
        for line in lines:
            cut(line)
        # What it has in memory plays, and the other one plays everything.
        await both.plays(both.one)
        await both.plays(both.two)
        sent = [await site.send() for _ in range(3)]
        for line in lines:
            await line.mend()
        for each in sent:
            await site.answer_to(each)
        await both.health(both.one, "healthy")
        await both.plays(both.one)
        site.everything_is_answered_once()
