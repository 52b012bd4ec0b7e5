"""`telpher check` beside a telpher at work, which must not notice it."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, telegram
from tests.e2e.process import environment, run_to_end, started
from tests.ports import free_ports
from tests.storage.conftest import mongo_server, new_mongo
from tgfake.network import Shape
from tgfake.world import FileSpec, World
from tgfake.world.chats import Role

__all__ = ["mongo_server", "new_mongo"]

MIB = 1 << 20
BOT = "telpher_bot"


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, BOT)
    world.add_user("Ann")
    return world


def channel_for_reports(world: World) -> int:
    channel = world.add_channel("Reports", world.add_user("Owner"))
    bot = world.account_for_token(TOKEN)
    world.add_member(channel, bot, Role.ADMIN)
    world.set_rights(channel, bot, "post_messages")
    return channel.peer.marked


async def link_from(ann, sent) -> str:
    async with asyncio.timeout(PATIENCE):
        reply = await ann.wait_for(lambda seen: not seen.out and seen.reply_to == sent.id, BOT)
    return LINK.search(reply.text)[0].replace("localhost", "127.0.0.1")


@pytest.mark.parametrize("database", ["sqlite", "mongodb"])
async def test_beside_a_telpher_at_work(request, tmp_path: Path, world, database):
    ann = world.person("Ann")
    film = world.add_file(FileSpec(size=8 * MIB, dc=4))
    url = request.getfixturevalue("new_mongo")() if database == "mongodb" else ""
    async with telegram(world, tmp_path, shape=Shape(bandwidth=6 * MIB)) as (cluster, servers):
        port = free_ports()
        env = environment(
            servers,
            tmp_path / "work",
            PORT=str(port),
            URL=f"http://localhost:{port}",
            DATABASE_URL=url,
            LOG_CHANNEL=str(channel_for_reports(world)),
        )
        async with started(env, tmp_path) as telpher, plain_http.client() as http:
            await telpher.logged("logged in to every data centre")
            logins = cluster.counters.logins
            link = await link_from(ann, await ann.send_file(BOT, film))
            async with http.stream("GET", link) as stream:
                body = stream.aiter_raw()
                received = bytearray(await anext(body))
                for _ in range(2):
                    status, said = await run_to_end(env, tmp_path, "check")
                    assert status == 0, said
                    assert "@telpher_bot is logged in" in said
                    assert "leads to telpher" in said
                    # Updates are still the running one's, and answered once.
                    sent = await ann.send_file(BOT, world.add_file(FileSpec(size=1000, dc=2)))
                    assert f":{port}/" in await link_from(ann, sent)
                async for piece in body:
                    received += piece
            assert received == bytes_of(film)
            # One beside those of the running one, however often.
            assert cluster.counters.logins == logins + 1
            telpher.signal(signal.SIGTERM)
            assert await telpher.exit_status() == 0
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0
        answers = [each.reply_to for each in ann.history(BOT) if not each.out and each.reply_to]
        assert len(answers) == len(set(answers)) == 3
        # The next one finds its login as the check did.
        async with started(env, tmp_path) as telpher:
            await telpher.logged("connected to Telegram")
            assert cluster.counters.logins == logins + 1


async def test_before_the_first_start_its_login_is_the_first_ones(tmp_path: Path, world):
    async with telegram(world, tmp_path) as (cluster, servers):
        env = environment(servers, tmp_path / "work", PORT=str(free_ports()))
        status, said = await run_to_end(env, tmp_path, "check", "--json")
        told = json.loads(said)
        assert (status, told["status"]) == (0, "warning"), said  # URL is local
        assert {each["name"] for each in told["checks"]} >= {"bot", "clock", "database", "URL"}
        async with started(env, tmp_path) as telpher:
            await telpher.logged("connected to Telegram")
        assert cluster.counters.logins == 1


async def test_what_fails_is_said_with_status_1_and_without_secrets(tmp_path: Path, world):
    async with telegram(world, tmp_path) as (_, servers):
        wrong = "4242:AAF-some_other_token_that_nobody_has_got0"
        env = environment(
            servers,
            tmp_path / "work",
            BOT_TOKEN=wrong,
            PORT=str(free_ports()),
            LINK_SECRET="a secret of some length",
        )
        status, said = await run_to_end(env, tmp_path, "check")
    assert status == 1
    assert "FAILED   bot" in said
    for secret in (wrong, env["API_HASH"], env["LINK_SECRET"]):
        assert secret not in said
    assert "Traceback" not in said
