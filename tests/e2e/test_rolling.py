"""A rolling deploy: the next telpher starts while the last one still serves, on one database.

That is MongoDB, or one SQLite file that each process finds in its own WORK_DIR by a link.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from telpher.app import running
from telpher.config.settings import Settings
from telpher.telegram.gateway import AccountState
from telpher.telegram.timing import Timing
from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, settings_for, telegram
from tests.e2e.process import environment, started
from tests.storage.conftest import mongo_server, new_mongo
from tgfake.network import Shape
from tgfake.world import FileSpec, World

__all__ = ["mongo_server", "new_mongo"]

MIB = 1 << 20
BOT = "telpher_bot"


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, BOT)
    world.add_user("Ann")
    return world


@pytest.fixture
def ann(world):
    return world.person("Ann")


@dataclass(frozen=True)
class Site:
    """Where the processes of one test run."""

    root: Path
    mongo: str | None

    def disk(self, name: str) -> Path:
        """An empty WORK_DIR, but for the way to the database."""
        folder = self.root / name
        folder.mkdir()
        if self.mongo is None:
            (folder / "telpher.sqlite3").symlink_to(self.root / "shared.sqlite3")
        return folder

    def environment(self, servers: Path, name: str) -> dict[str, str]:
        """What a process on a new disk is told."""
        return environment(servers, self.disk(name), DATABASE_URL=self.mongo or "")

    def settings(self, servers: Path, name: str) -> Settings:
        """The same for one in this process."""
        url = SecretStr(self.mongo) if self.mongo else None
        return settings_for(servers, self.disk(name), database_url=url)


@pytest.fixture(params=["sqlite", "mongodb"])
def site(request, tmp_path):
    mongo = request.getfixturevalue("new_mongo")() if request.param == "mongodb" else None
    return Site(tmp_path, mongo)


def answers(ann) -> Counter[int]:
    """How often each of Ann's messages was answered."""
    return Counter(each.reply_to for each in ann.history(BOT) if not each.out and each.reply_to)


async def answered(ann, sent) -> str:
    """The link in the answer to a message."""
    async with asyncio.timeout(PATIENCE):
        reply = await ann.wait_for(lambda seen: not seen.out and seen.reply_to == sent.id, BOT)
    return LINK.search(reply.text)[0].replace("localhost", "127.0.0.1")


async def test_the_next_one_takes_over_while_the_last_one_serves(site, tmp_path, world, ann):
    film = world.add_file(FileSpec(size=12 * MIB, dc=4))
    async with telegram(world, tmp_path, shape=Shape(bandwidth=6 * MIB)) as (cluster, servers):
        counters = cluster.counters
        sent = []

        async def send_one() -> str:
            sent.append(await ann.send_file(BOT, world.add_file(FileSpec(size=1000, dc=2))))
            return await answered(ann, sent[-1])

        old_env = site.environment(servers, "old")
        async with started(old_env, tmp_path) as old, plain_http.client() as http:
            await old.logged("connected to Telegram")
            url = await answered(ann, await ann.send_file(BOT, film))
            new_env = site.environment(servers, "new")
            async with started(new_env, tmp_path) as new:
                await new.logged("connected to Telegram")
                await send_one()
                async with http.stream("GET", url) as stream:
                    body = stream.aiter_raw()
                    received = bytearray(await anext(body))
                    old.signal(signal.SIGTERM)
                    # Whoever answers now, it is one of them, and soon it is the new one.
                    while f":{new.port}/" not in await send_one():
                        pass
                    async for piece in body:
                        received += piece
                assert received == bytes_of(film)
                assert await old.exit_status() == 0
                assert f":{new.port}/" in await send_one()
        assert counters.errors["AUTH_KEY_DUPLICATED"] == 0
        counted = answers(ann)
        assert [counted[each.id] for each in sent] == [1] * len(sent)

        # From here on there is a key for whoever comes, on whatever disk.
        logins = counters.logins
        for number in range(2):
            settings = site.settings(servers, f"later {number}")
            async with running(settings, timing=Timing()):
                await send_one()
        assert counters.logins == logins


async def test_after_a_kill_and_with_the_disk_lost_nothing_is_answered_twice(
    site, tmp_path, world, ann
):
    async with telegram(world, tmp_path) as (cluster, servers):
        files = [world.add_file(FileSpec(size=5)) for _ in range(5)]
        first_env = site.environment(servers, "first")
        async with started(first_env, tmp_path) as first:
            await first.logged("connected to Telegram")
            sent = [await ann.send_file(BOT, each) for each in files[:3]]
            await answered(ann, sent[0])
            first.signal(signal.SIGKILL)
            await first.exit_status()
        sent.append(await ann.send_file(BOT, files[3]))
        second_env = site.environment(servers, "second")
        async with started(second_env, tmp_path) as second:
            await second.logged("handling updates")
            sent.append(await ann.send_file(BOT, files[4]))
            for each in sent:
                await answered(ann, each)
        counted = answers(ann)
        assert [counted[each.id] for each in sent] == [1] * len(sent)
        # Nobody could know that the first one was dead: the second logged in beside it.
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_streaming_goes_on_when_the_database_is_away_at_the_start(tmp_path, world, ann):
    work = tmp_path / "work"
    film = world.add_file(FileSpec(size=2 * MIB, dc=4))
    async with telegram(world, tmp_path) as (cluster, servers):
        settings = settings_for(servers, work)

        async def serve() -> str:
            async with running(settings, timing=Timing()) as app, plain_http.client() as http:
                await app.account.reached(AccountState.CONNECTED)
                if not url:
                    return await answered(ann, await ann.send_file(BOT, film))
                assert (await http.get(url)).content == bytes_of(film)
                health = (await http.get(f"{settings.base_url}/health")).json()
                return str(health["database"]["status"])

        url = ""
        url = await serve()
        (work / "telpher.sqlite3").rename(work / "kept.sqlite3")
        for journal in work.glob("telpher.sqlite3-*"):
            journal.unlink()
        (work / "telpher.sqlite3").mkdir()
        assert await serve() == "unreachable"
        logins = cluster.counters.logins
        assert await serve() == "unreachable"
        # Who has no database keeps a key of its own.
        assert cluster.counters.logins == logins
        (work / "telpher.sqlite3").rmdir()
        (work / "kept.sqlite3").rename(work / "telpher.sqlite3")
        assert await serve() == "connected"
        assert cluster.counters.logins == logins
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0
