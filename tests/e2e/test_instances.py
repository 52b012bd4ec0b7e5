"""Several instances on one database: what they share, and what they must agree on."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from telpher.app import running
from telpher.assembly import App
from telpher.core.model import MessageRef
from telpher.errors import SettingsError
from telpher.telegram.gateway import AccountState
from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, eventually, settings_for, telegram
from tests.redis_server import redis
from tgfake.network import Shape
from tgfake.world import FileSpec, World

pytestmark = pytest.mark.slow

MIB = 1 << 20


def disk(root: Path, name: str) -> Path:
    """A WORK_DIR of its own on the database of all."""
    folder = root / name
    folder.mkdir()
    (folder / "telpher.sqlite3").symlink_to(root / "shared.sqlite3")
    return folder


@asynccontextmanager
async def two(tmp_path: Path, redis_url: str, **others: object) -> AsyncIterator[Pair]:
    """Two instances, the first of which talks to people."""
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    world.add_user("Ann")
    async with telegram(world, tmp_path, shape=Shape(bandwidth=4 * MIB)) as (_, servers):
        common = {"redis_url": SecretStr(redis_url), **others}
        here = settings_for(servers, disk(tmp_path, "here"), **common)
        there = settings_for(servers, disk(tmp_path, "there"), **common)
        async with running(here) as first, running(there) as second, plain_http.client() as http:
            await first.account.reached(AccountState.CONNECTED)
            await second.account.reached(AccountState.CONNECTED)
            yield Pair(world, (first, second), (here.base_url, there.base_url), http)


@dataclass
class Pair:
    """Two instances, and a person."""

    world: World
    apps: tuple[App, App]
    urls: tuple[str, str]
    http: httpx.AsyncClient

    async def share(self, size: int) -> tuple[str, str]:
        """A file's link at the one and at the other."""
        ann = self.world.person("Ann")
        sent = await ann.send_file("telpher_bot", self.world.add_file(FileSpec(size=size, dc=2)))
        async with asyncio.timeout(PATIENCE):
            link = LINK.search((await ann.reply_to(sent)).text)[0]
        path = link.partition("/stream/")[2]
        return f"{self.urls[0]}/stream/{path}", f"{self.urls[1]}/stream/{path}"

    async def status(self, url: str, wanted: int) -> None:
        """Waits until it is answered so."""

        async def is_so() -> bool:
            async with self.http.stream("GET", url) as answer:
                return answer.status_code == wanted

        await eventually(is_so)

    async def health(self, number: int, wanted: str) -> None:
        """Waits until health says so."""

        async def is_so() -> bool:
            answer = await self.http.get(f"{self.urls[number]}/health")
            return bool(answer.json()["status"] == wanted)

        await eventually(is_so)

    async def known(self, url: str) -> bool:
        """Whether the second one knows whose link it is."""
        return await self.apps[1].books.register.owner_of(self.link_id(url)) is not None

    def link_id(self, url: str) -> int:
        """What the link goes by in the database."""
        chat, message, _, key = re.split("[/?]", url.partition("/stream/")[2])
        ref = MessageRef(int(chat), int(message))
        return int(self.apps[0].books.links.check(ref, key.removeprefix("k=")).link_id)


@pytest.mark.system
async def test_a_users_limit_is_one_for_all_and_each_ones_own_without_redis(tmp_path):
    async with contextlib.AsyncExitStack() as life:
        socket = await life.enter_async_context(redis(tmp_path))
        async with two(tmp_path, f"unix://{socket}", max_streams_per_user=1) as pair:
            film, _ = await pair.share(40 * MIB)
            _, other = await pair.share(2 * MIB)
            async with pair.http.stream("GET", film) as playing:
                body = playing.aiter_raw()
                await anext(body)
                await eventually(partial(pair.known, other))
                # Ann's links: one play at a time, wherever.
                await pair.status(other, 429)
                await pair.health(1, "healthy")
                await life.aclose()
                await pair.status(other, 200)
                await pair.health(1, "degraded")


@pytest.mark.system
async def test_what_one_decides_holds_for_the_other(tmp_path):
    async with redis(tmp_path) as socket, two(tmp_path, f"unix://{socket}") as pair:
        first, second = pair.apps
        ann = pair.world.person("Ann").user_id
        here, there = await pair.share(MIB)
        await pair.status(there, 200)
        revoke = partial(second.books.revocations.revoke, pair.link_id(here), ann, is_admin=False)
        # It takes a moment until the database knows whose it is.
        await eventually(revoke)
        await pair.status(here, 410)
        assert await first.log_level.choose("DEBUG")

        async def is_chosen() -> bool:
            return second.log_level.current == "DEBUG"

        await eventually(is_chosen)
        await first.log_level.choose("")


async def test_another_link_secret_or_another_bot_is_refused_with_the_reason(tmp_path):
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    async with telegram(world, tmp_path) as (_, servers):
        first = settings_for(servers, disk(tmp_path, "first"))
        other = settings_for(
            servers,
            disk(tmp_path, "second"),
            bot_token=SecretStr("4343:AAF-a_token_of_no_secrecy_for_the_tests1"),
            link_secret=SecretStr("something quite different"),
        )
        async with running(first):
            with pytest.raises(ExceptionGroup) as caught:
                async with running(other):
                    raise AssertionError("it began to serve")
        group = caught.value.subgroup(SettingsError)
        assert group is not None
        [refused] = group.exceptions
        assert isinstance(refused, SettingsError)
        assert [each.partition(":")[0] for each in refused.problems] == ["BOT_TOKEN", "LINK_SECRET"]
        # Nobody is in its way any more.
        async with running(other):
            pass
