"""Starting, stopping and being killed, as a process and its signals."""

from __future__ import annotations

import signal
import socket

import httpx
import pytest

from telpher.clock import SystemClock
from telpher.storage.sqlite import SqliteDatabase
from tests import plain_http
from tests.e2e.house import LINK, TOKEN, bytes_of, eventually, telegram
from tests.e2e.process import environment, run_to_end, started
from tests.ports import free_ports
from tests.web.raw import wire
from tgfake.cluster import Cluster, Layout
from tgfake.network import Shape
from tgfake.world import FileSpec, World

MIB = 1 << 20


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    world.add_user("Ann")
    return world


@pytest.fixture
def ann(world):
    return world.person("Ann")


async def link_for(ann, file) -> str:
    sent = await ann.send_file("telpher_bot", file)
    return LINK.search((await ann.reply_to(sent)).text)[0].replace("localhost", "127.0.0.1")


async def test_sigterm_lets_a_stream_end_and_accepts_no_other(tmp_path, world, ann):
    file = world.add_file(FileSpec(size=12 * MIB, dc=4))
    async with telegram(world, tmp_path, shape=Shape(bandwidth=6 * MIB)) as (_, servers):
        env = environment(servers, tmp_path / "work")
        async with started(env, tmp_path) as telpher, plain_http.client() as http:
            await telpher.logged("connected to Telegram")
            url = await link_for(ann, file)
            async with http.stream("GET", url) as answer:
                body = answer.aiter_raw()
                received = bytearray(await anext(body))
                telpher.signal(signal.SIGTERM)
                await telpher.logged("stopping")
                async for piece in body:
                    received += piece
            assert received == bytes_of(file)
            with pytest.raises(httpx.ConnectError):
                await http.get(telpher.url)
            assert await telpher.exit_status() == 0


async def test_nonsense_is_refused_and_logged_and_the_next_one_served(tmp_path, world):
    """With the log as it is in a process, every field of which is looked through."""
    async with (
        telegram(world, tmp_path) as (_, servers),
        started(environment(servers, tmp_path / "work"), tmp_path) as telpher,
    ):
        await telpher.logged("connected to Telegram")
        for _ in range(2):
            async with wire(telpher.port) as connection:
                connection.writer.write(b"nonsense\r\n\r\n")
                assert (await connection.head()).status == 400
            entry = await telpher.logged("request refused")
            assert (entry["status"], entry["error"]) == (400, "bad_request")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_second_start_does_not_log_in_again(tmp_path, world, ann, end):
    file = world.add_file(FileSpec(size=100_000, dc=4))
    async with telegram(world, tmp_path) as (cluster, servers):
        env = environment(servers, tmp_path / "work", PORT="")
        async with started(env, tmp_path) as first, plain_http.client() as http:
            await first.logged("connected to Telegram")
            url = await link_for(ann, file)
            assert (await http.get(url)).content == bytes_of(file)
            await first.logged("logged in to every data centre")
            first.signal(end)
            await first.exit_status()
        logins, imports = cluster.counters.logins, cluster.counters.imports
        missed = await ann.send_file("telpher_bot", world.add_file(FileSpec(size=5)))
        env["PORT"] = str(first.port)
        async with started(env, tmp_path) as second, plain_http.client() as http:
            await second.logged("connected to Telegram")
            assert (await http.get(url)).content == bytes_of(file)
            # What was sent while it was down is answered now (rule 34).
            assert LINK.search((await ann.reply_to(missed)).text)
        assert (cluster.counters.logins, cluster.counters.imports) == (logins, imports)


async def test_killed_behind_an_answer_it_lists_no_link_that_nobody_was_given(tmp_path, world, ann):
    """The message comes again: how far updates came is saved every few seconds."""
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work")
        async with started(env, tmp_path) as first:
            await first.logged("connected to Telegram")
            given = {await link_for(ann, FileSpec(size=5))}
            first.signal(signal.SIGKILL)
            await first.exit_status()
        async with started(env, tmp_path) as second:
            await second.logged("connected to Telegram")
            given.add(await link_for(ann, FileSpec(size=6)))
            database = SqliteDatabase(tmp_path / "work" / "telpher.sqlite3", SystemClock())
            async with database:

                async def listed() -> bool:
                    found = await database.links.of_owner(ann.user_id, 10, None)
                    assert len({each.ref for each in found}) == len(found)
                    return len(found) == len(given)

                await eventually(listed)
                assert (await database.ledger.totals()).files == len(given)


async def test_a_second_one_on_the_same_folder_waits_for_the_first(tmp_path, world):
    # Telegram ends a session that is used from two places at once.
    async with telegram(world, tmp_path) as (cluster, servers):
        env = environment(servers, tmp_path / "work")
        async with started(env, tmp_path) as first:
            await first.logged("logged in to every data centre")
            logins = cluster.counters.logins
            async with started(env, tmp_path) as second:
                await second.logged("another telpher uses WORK_DIR; waiting for it to end")
                first.signal(signal.SIGTERM)
                await second.logged("connected to Telegram")
        assert cluster.counters.logins == logins


async def test_http_is_up_while_telegram_is_not_and_says_why(tmp_path, world):
    async with Cluster(world) as cluster:
        servers = tmp_path / "servers.json"
        cluster.write_servers_file(servers)
    # Gone again: a Telegram that nobody reaches, at addresses that are known.
    env = environment(servers, tmp_path / "work")
    async with started(env, tmp_path) as telpher, plain_http.client() as http:
        await telpher.logged("listening")
        await telpher.logged("not connected to Telegram")
        health = await http.get(f"{telpher.url}/health")
        assert health.status_code == 503
        assert health.json()["bot"]["connected"] is False
        assert "Telegram cannot be reached" in str(health.json()["bot"])
        assert (await http.get(f"{telpher.url}/health/live")).status_code == 200
        assert (await http.get(f"{telpher.url}/stream/0/0")).status_code == 503


async def test_it_connects_once_telegram_is_there(tmp_path, world, ann):
    file = world.add_file(FileSpec(size=100_000, dc=4))
    layout = Layout(first_port=free_ports(5))
    async with telegram(world, tmp_path, layout) as (_, servers):
        pass
    env = environment(servers, tmp_path / "work")
    async with started(env, tmp_path) as telpher, plain_http.client() as http:
        await telpher.logged("not connected to Telegram")
        async with telegram(world, tmp_path, layout):
            await telpher.logged("connected to Telegram")
            assert (await http.get(await link_for(ann, file))).content == bytes_of(file)
            health = await http.get(f"{telpher.url}/health")
            assert (health.status_code, health.json()["status"]) == (200, "healthy")


async def test_every_wrong_setting_is_told_at_once_and_no_secret(tmp_path):
    env = environment(tmp_path / "missing.json", tmp_path)
    secret = "1234567:not-a-token-but-secret-all-the-same"
    env |= {"API_ID": "twelve", "BOT_TOKEN": secret, "PORT": "99999", "URL": "ftp://x"}
    status, output = await run_to_end(env, tmp_path, "run")
    assert status == 2
    for name in ("API_ID", "PORT", "URL", "TELEGRAM_SERVERS"):
        assert name in output
    assert "Traceback" not in output
    assert secret not in output


async def test_without_credentials_run_names_what_is_missing(tmp_path):
    env = environment(tmp_path, tmp_path, API_ID="", API_HASH="", BOT_TOKEN="")
    status, output = await run_to_end(env | {"TELEGRAM_SERVERS": ""}, tmp_path, "run")
    assert status == 2
    for name in ("API_ID", "API_HASH", "BOT_TOKEN"):
        assert name in output


async def test_a_port_that_is_taken_is_said_plainly(tmp_path, world):
    async with telegram(world, tmp_path) as (_, servers):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            env = environment(servers, tmp_path / "work", PORT=port)
            status, output = await run_to_end(env, tmp_path, "run")
    assert status == 2
    assert f"{port} is in use" in output
    assert "Traceback" not in output
