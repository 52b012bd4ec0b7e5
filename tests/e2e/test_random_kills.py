"""Three instances that are killed at random moments, over and over, while a broadcast goes to two
hundred people, somebody sends files, and films play: everybody gets each message once, every file
is answered once, and who plays goes on at another instance where the one broke off.

KILLS sets how often; the seed is told where it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter

import httpx
import pytest

from telpher.clock import SystemClock
from telpher.core.model import Person as Known
from telpher.core.tally import PersonSeen, tally
from telpher.storage.mongo import MongoDatabase
from tests import plain_http
from tests.e2e.house import PATIENCE, bytes_of
from tests.e2e.process import Telpher
from tests.e2e.several import BOT, Several, several
from tgfake.world import File, FileSpec
from tgfake.world.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.system]

KILLS = int(os.environ.get("KILLS", "4"))
PEOPLE = 200
NAMES = ("one", "two", "three")
TEXT = "To everybody"
SETTINGS = {"BROADCAST_PER_SECOND": "10"}


class Fleet:
    """The instances that are alive, each begun again at once when it dies."""

    def __init__(self, site: Several, draw: random.Random) -> None:
        self._site = site
        self._draw = draw
        self._lives: dict[str, contextlib.AsyncExitStack] = {}
        self.alive: dict[str, Telpher] = {}

    async def start(self, name: str) -> None:
        life = self._lives[name] = contextlib.AsyncExitStack()
        self.alive[name] = await life.enter_async_context(self._site.telpher(name, **SETTINGS))

    async def kill(self) -> None:
        """Any of them; it is back when this returns."""
        name = self._draw.choice(NAMES)
        process = self.alive.pop(name)
        process.signal(signal.SIGKILL)
        await process.exit_status()
        await self._lives.pop(name).aclose()
        await self.start(name)

    async def close(self) -> None:
        for life in self._lives.values():
            await life.aclose()

    def any(self) -> Telpher:
        return self._draw.choice(list(self.alive.values()))


async def played(fleet: Fleet, http: httpx.AsyncClient, film: File, path: str) -> None:
    """The film to its end, at one after the other: as a player does behind a balancer."""
    body = bytearray()
    async with asyncio.timeout(PATIENCE):
        while len(body) < film.size:
            with contextlib.suppress(httpx.HTTPError):
                url, asked = fleet.any().url + path, {"Range": f"bytes={len(body)}-"}
                async with http.stream("GET", url, headers=asked) as answer:
                    if answer.status_code != 206:
                        await asyncio.sleep(0.1)
                        continue
                    async for piece in answer.aiter_raw():
                        body += piece
                    continue
            await asyncio.sleep(0.1)
    assert body == bytes_of(film)


async def audience(site: Several) -> list[Person]:
    """Everybody, known to the database as well."""
    people = [site.world.person("Ada"), site.ann]
    people += [site.world.person(f"Person {number}") for number in range(PEOPLE - 2)]
    async with MongoDatabase(site.shared["DATABASE_URL"], SystemClock()) as database:
        await database.prepared()
        seen = [PersonSeen(Known(each.user_id, each.account.first_name), 1.0) for each in people]
        await database.ledger.apply("test", 1, tally(seen))
    return people


async def begin(ada: Person) -> None:
    """Ada, the admin, has it sent to all."""
    await ada.send(BOT, "/broadcast")
    async with asyncio.timeout(PATIENCE):
        await ada.wait_for(lambda seen: "everybody shall get" in seen.text, BOT)
        await ada.send(BOT, TEXT)
        question = await ada.wait_for(lambda seen: "Send it?" in seen.text, BOT)
        await ada.press(question, "📣 Send to all")


@pytest.mark.timeout(600)
async def test_everybody_gets_everything_once(tmp_path):
    draw = random.Random(seed := random.randrange(1 << 32))
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    async with several(tmp_path, PEOPLE - 1) as site, plain_http.client() as http:
        ada, *others = await audience(site)
        site.shared["ADMINS"] = str(ada.user_id)
        fleet = Fleet(site, draw)
        try:
            for name in NAMES:
                await fleet.start(name)
            film = site.world.add_file(FileSpec(size=8 << 20, dc=4))
            path = await site.share_of(site.ann, film)
            await begin(ada)
            async with asyncio.TaskGroup() as tasks:
                playing = tasks.create_task(_play_on(fleet, http, film, path))
                for _ in range(KILLS):
                    await asyncio.gather(fleet.kill(), site.send())
                async with asyncio.timeout(PATIENCE):
                    report = await ada.wait_for(
                        lambda seen: "Broadcast finished" in seen.text and seen.edited is None, BOT
                    )
                for each in site.sent:
                    await site.answer_to(each)
                playing.cancel()
            assert f"Sent: {PEOPLE}" in report.text
            got = Counter(
                sum(not seen.out and seen.text == TEXT for seen in each.history(BOT))
                for each in others
            )
            assert got == {1: PEOPLE - 1}
            site.everything_is_answered_once()
            assert site.cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0
        finally:
            await fleet.close()


async def _play_on(fleet: Fleet, http: httpx.AsyncClient, film: File, path: str) -> None:
    """Again and again."""
    while True:
        await played(fleet, http, film, path)
