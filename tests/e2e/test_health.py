"""/health tells of real trouble, at once, and of its end."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest

from telpher.app import running
from telpher.telegram.gateway import AccountState
from tests import plain_http
from tests.e2e.house import PATIENCE, QUICK, TOKEN, house, settings_for, telegram
from tests.ports import free_ports
from tests.storage.mongod import Mongod
from tgfake.faults import Fault, Kind
from tgfake.world import World

MIB = 1 << 20

# Seconds between two looks at what is to become true.
LOOK = 0.05


async def health(http, verdict: str, *reasons: str):
    """The whole of /health, once it has this verdict for these reasons."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await http.get("/health")
            report = answer.json()
            told = {each["reason"] for each in report["reasons"]}
            if report["status"] == verdict and told >= set(reasons):
                assert answer.status_code == (503 if verdict == "unhealthy" else 200)
                assert all(each["message"] for each in report["reasons"])
                return report
            await asyncio.sleep(LOOK)


async def test_a_telpher_that_is_well(home):
    report = await health(home.http, "healthy")
    assert report["reasons"] == []
    [account] = report["accounts"]
    assert (account["id"], account["username"]) == (home.bot.user_id, "telpher_bot")
    async with asyncio.timeout(PATIENCE):
        while True:
            report = await health(home.http, "healthy")
            if report["system"]["disk_percent"] is not None:
                break
            await asyncio.sleep(LOOK)


async def test_hits_and_connections_are_told(home):
    url = await home.share(home.add_file(size=2 * MIB, dc=4))
    await home.get(url)
    await home.get(url)
    report = await health(home.http, "healthy")
    [account] = report["accounts"]
    assert account["dcs"]["4"]["connections"] >= 1
    assert account["dcs"]["4"]["flood_until"] is None
    assert 0 < report["cache"]["hit_rate"] < 1
    assert report["cache"]["reserved_bytes"] >= 2 * MIB


async def test_telegram_goes_away(tmp_path):
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    async with contextlib.AsyncExitStack() as there, contextlib.AsyncExitStack() as here:
        _, servers = await there.enter_async_context(telegram(world, tmp_path))
        settings = settings_for(servers, tmp_path)
        app = await here.enter_async_context(running(settings, timing=QUICK))
        http = await here.enter_async_context(plain_http.client(settings.base_url))
        async with asyncio.timeout(PATIENCE):
            await app.account.reached(AccountState.CONNECTED)
        await health(http, "healthy")
        await there.aclose()
        report = await health(http, "unhealthy", "bot_disconnected")
        assert report["bot"]["connected"] is False
        assert (await http.get("/health/ready")).status_code == 503
        assert (await http.get("/health/live")).status_code == 200


async def test_a_flood_wait_is_told_with_its_end(home):
    url = await home.share(home.add_file(size=MIB, dc=4))
    home.cluster.faults.add(
        Fault(Kind.FLOOD_WAIT, method="upload.getFile", times=None, seconds=300)
    )
    with pytest.raises(httpx.HTTPStatusError):
        (await home.http.get(url)).raise_for_status()
    report = await health(home.http, "degraded", "flood_wait")
    [account] = report["accounts"]
    assert account["dcs"]["4"]["flood_until"] > report["timestamp"]
    assert (await home.http.get("/health/ready")).status_code == 200


@pytest.mark.slow
async def test_a_database_that_hangs_holds_no_answer_up(tmp_path):
    """It takes connections and says nothing: who asks it waits for two seconds, health does not."""
    server = Mongod(str(tmp_path / "mongo"), log=tmp_path / "mongod.log")
    try:
        server.start()
        async with house(tmp_path, database_url=f"{server.url}/telpher") as home:
            await health(home.http, "healthy")
            server.freeze()
            try:
                waiting = asyncio.create_task(home.http.get("/playlist/abc.m3u8"))
                for path in ("/health", "/health/live", "/health/ready", "/metrics"):
                    assert (await home.http.get(path)).status_code == 200
                    assert not waiting.done(), f"{path} has waited for the database"
                assert (await waiting).status_code == 503
                await health(home.http, "degraded", "database_unreachable")
            finally:
                server.thaw()
            await health(home.http, "healthy")
    finally:
        server.stop()


async def test_a_redis_that_is_not_there(tmp_path):
    url = f"redis://127.0.0.1:{free_ports()}/0"
    async with house(tmp_path, redis_url=url) as home:
        report = await health(home.http, "degraded", "redis_unreachable")
        assert report["redis"] == {"status": "unreachable"}
