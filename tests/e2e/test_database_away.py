"""The database is away, at the start and later: nobody who plays or sends a file notices (rule 38),
and what happened is counted exactly once when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from telpher.clock import SystemClock
from telpher.core.model import MessageRef
from telpher.core.records import Totals
from telpher.errors import StorageError
from telpher.storage.mongo import MongoDatabase
from telpher.storage.sqlite import SqliteDatabase
from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, house, telegram
from tests.e2e.process import environment, started
from tests.storage.mongod import Mongod
from tgfake.world import FileSpec, World

pytestmark = pytest.mark.slow

SIZE = 3_000_000
SPEC = FileSpec(size=SIZE, dc=4)

# Seconds between two looks at what is to become true.
LOOK = 0.05


@contextlib.contextmanager
def mongod(tmp_path):
    """A server that keeps its data and is not started yet."""
    server = Mongod(str(tmp_path / "mongo"), log=tmp_path / "mongod.log")
    try:
        yield server
    finally:
        server.stop()


async def eventually(look):
    """What `look` finds, as soon as there is something and the database tells."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(StorageError):
                if found := await look():
                    return found
            await asyncio.sleep(LOOK)


async def totals_are(database, **expected):
    """Returns when the database's totals are these, whatever the time to the first byte was."""

    async def look():
        totals = await database.ledger.totals()
        return replace(totals, answers=0, waited=0) == Totals(**expected)

    await eventually(look)


async def health(home, verdict):
    """What health says of the database, when its verdict is this; 200 in any case."""

    async def look():
        answer = await home.http.get("/health")
        assert answer.status_code == 200
        return answer.json()["status"] == verdict and answer.json()["database"]

    return await eventually(look)


async def play(http, url, file=None):
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == SIZE
    assert file is None or answer.content == bytes_of(file)


async def test_a_database_that_goes_away_and_comes_back_is_told_everything_once(tmp_path):
    with mongod(tmp_path) as server:
        server.start()
        url = f"{server.url}/telpher"
        async with MongoDatabase(url, SystemClock()) as database:
            async with house(tmp_path, database_url=url) as home:
                first = await home.share(SPEC)
                await play(home.http, first)
                await totals_are(database, streams=1, files=1, unique_files=1, bytes_served=SIZE)
                assert await health(home, "healthy") == {"status": "connected", "type": "mongodb"}

                server.kill()
                await play(home.http, first)  # the same play goes on
                await play(home.http, await home.share(SPEC))
                assert (await health(home, "degraded"))["status"] == "unreachable"

                server.start()
                await health(home, "healthy")
                await home.share(SPEC)
                counted = {"streams": 2, "unique_files": 2, "bytes_served": 3 * SIZE}
                await totals_are(database, files=3, **counted)
            await totals_are(database, files=3, **counted)


class Beginning:
    """telpher as a process, begun while the database is away, and Ann who talks to its bot."""

    def __init__(self, tmp_path, **settings):
        self.world = World()
        self.world.add_bot(TOKEN, "telpher_bot")
        self.world.add_user("Ann")
        self.ann = self.world.person("Ann")
        self._tmp_path = tmp_path
        self._settings = settings

    @contextlib.asynccontextmanager
    async def telpher(self, servers, port=""):
        """It, on duty; with a client for its HTTP."""
        env = environment(servers, self._tmp_path, PORT=port, **self._settings)
        async with (
            started(env, self._tmp_path) as telpher,
            plain_http.client(telpher.url) as http,
        ):
            yield telpher, http

    async def share(self, telpher):
        """A file, and the path of its link in the answer."""
        await telpher.logged("handling updates without the database")
        await telpher.logged("connected to Telegram")
        file = self.world.add_file(SPEC)
        async with asyncio.timeout(PATIENCE):
            answer = await self.ann.reply_to(await self.ann.send_file("telpher_bot", file))
        return file, urlsplit(LINK.search(answer.text)[0])._replace(scheme="", netloc="").geturl()


async def test_a_sqlite_file_that_cannot_be_opened_at_the_start(tmp_path):
    blocked = tmp_path / "telpher.sqlite3"
    blocked.mkdir()
    begun = Beginning(tmp_path)
    async with (
        telegram(begun.world, tmp_path) as (_, servers),
        begun.telpher(servers) as (telpher, http),
    ):
        file, path = await begun.share(telpher)
        await play(http, path, file)
        assert (await http.get("/health")).json()["status"] == "degraded"
        blocked.rmdir()
        async with SqliteDatabase(blocked, SystemClock()) as database:
            await totals_are(database, streams=1, files=1, unique_files=1, bytes_served=SIZE)
        assert (await http.get("/health")).json()["status"] == "healthy"


async def test_killed_while_the_database_is_away_a_link_is_counted_when_both_are_back(tmp_path):
    with mongod(tmp_path) as server:
        address = f"{server.url}/telpher"
        begun = Beginning(tmp_path, DATABASE_URL=address)
        async with telegram(begun.world, tmp_path) as (_, servers):
            async with begun.telpher(servers) as (telpher, http):
                file, path = await begun.share(telpher)
                await play(http, path, file)
                telpher.signal(signal.SIGKILL)
                await telpher.exit_status()
            server.start()
            async with begun.telpher(servers, str(telpher.port)) as (telpher, http):
                await telpher.logged("connected to Telegram")
                assert (await http.get(path)).status_code == 200
                async with MongoDatabase(address, SystemClock()) as database:
                    owner = begun.ann.user_id
                    # The message may have been handled twice, with one answer: then there are two.
                    links = await eventually(lambda: database.links.of_owner(owner, 10))
                    assert {link.size for link in links} == {SIZE}

                    async def counted():
                        user = await database.users.get(owner)
                        made = await database.links.of_owner(owner, 10)
                        return user and user.person.first_name and user.total_files == len(made)

                    await eventually(counted)


async def test_a_link_revoked_while_the_database_is_away_is_dead_here_and_later_there(tmp_path):
    world = World()
    world.add_user("Ann")
    with mongod(tmp_path) as server:
        server.start()
        address = f"{server.url}/telpher"
        async with house(tmp_path, world=world, database_url=address) as home:
            url = await home.share(SPEC)
            chat, message, _, key = re.split("[/?]", url.partition("/stream/")[2])
            ref = MessageRef(int(chat), int(message))
            link_id = home.app.books.links.check(ref, key.removeprefix("k=")).link_id
            server.kill()
            owner = home.ann.user_id
            assert await home.app.books.revocations.revoke(link_id, owner, is_admin=False)
            assert (await home.http.get(url)).status_code == 410
            port = home.settings.port
        async with house(tmp_path, world=world, port=port, database_url=address) as home:
            assert (await home.http.get(url)).status_code == 410
            server.start()
            async with MongoDatabase(address, SystemClock()) as database:
                await eventually(lambda: database.links.get(link_id))

                async def is_revoked():
                    return (await database.links.get(link_id)).revoked

                await eventually(is_revoked)
            assert (await home.http.get(url)).status_code == 410
