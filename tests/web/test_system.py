"""/ and /health."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.types import Message

from telpher._version import VERSION
from telpher.observe.machine import Disk
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web.deps import DatabaseStatus
from tests.web.fakes import CONNECTED, QUIET, World

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


async def test_home_for_scripts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "running",
        "service": "telpher",
        "version": VERSION,
        "bot_status": "connected",
    }
    head = await client.head("/")
    assert (head.status_code, head.content) == (200, b"")


async def test_home_for_people(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<strong>@telpher_bot</strong> in" in answer.text
    world.bot.disconnect()
    away = await client.get("/", headers=BROWSER)
    assert away.status_code == 200
    assert "not connected" in away.text
    assert "keeps trying" in away.text


async def test_home_does_not_promise_what_a_refused_token_cannot_keep(
    world: World, client: httpx.AsyncClient
) -> None:
    world.bot.status = replace(world.bot.status, state=AccountState.DEAD)
    answer = await client.get("/", headers=BROWSER)
    assert "set a new one" in answer.text
    assert "keeps trying" not in answer.text


async def test_names_in_pages_are_escaped(world: World, client: httpx.AsyncClient) -> None:
    world.bot.status = replace(world.bot.status, username="<b>x</b>")
    assert "&lt;b&gt;" in (await client.get("/", headers=BROWSER)).text


async def test_health(world: World, client: httpx.AsyncClient) -> None:
    world.clock.advance(12.5)
    answer = await client.get("/health")
    assert answer.status_code == 200
    report = answer.json()
    assert report.pop("process")["tasks"] > 0
    bot = {"connected": True, "status": "connected", "username": "telpher_bot", "reason": ""}
    assert report == {
        "status": "healthy",
        "reasons": [],
        "timestamp": "2023-11-14T22:13:32.500000+00:00",
        "uptime_seconds": 12.5,
        "version": VERSION,
        "draining": False,
        "bot": bot,
        "database": {"status": "not configured", "type": "none"},
        "redis": {"status": "not configured"},
        "system": {
            "cpu_percent": 3.0,
            "memory_percent": 40.0,
            "memory_available_mb": 2048.0,
            "disk_percent": 12.0,
            "disk_free_mb": 88 * 1024,
        },
        "cache": {
            "file_properties_cached": 5,
            "reserved_bytes": 1000,
            "budget_bytes": 2000,
            "hit_rate": 0.75,
        },
        "streams": {"active": 3},
        "dc_clients": {"2": "connected", "4": "idle"},
        "dc_connections": {"2": 1, "4": 0},
        "accounts": [
            {
                "id": 4242,
                **bot,
                "dcs": {
                    "2": {"connections": 1, "flood_until": None},
                    "4": {"connections": 0, "flood_until": None},
                },
            }
        ],
    }


async def test_health_of_every_bot_and_data_centre(world: World, client: httpx.AsyncClient) -> None:
    world.bot.status = replace(CONNECTED, floods={4: 17.0})
    away = AccountStatus(AccountState.DEAD, "second_bot", "Refused.", {5: 0}, user_id=4343)
    world.extras = (away,)
    answer = await client.get("/health")
    assert answer.status_code == 200
    report = answer.json()
    assert report["status"] == "degraded"
    assert [each["reason"] for each in report["reasons"]] == [
        "extra_bots_disconnected",
        "flood_wait",
    ]
    main, extra = report["accounts"]
    assert main["dcs"]["4"] == {"connections": 0, "flood_until": "2023-11-14T22:13:37+00:00"}
    assert main["dcs"]["2"]["flood_until"] is None
    assert (extra["id"], extra["status"], extra["reason"]) == (4343, "dead", "Refused.")


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
async def test_health_waits_for_nothing(world: World, path: str) -> None:
    """Driven by hand: an answer that awaited anything would leave the coroutine unfinished."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("it waits for the client")

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
        "client": ("127.0.0.1", 5000),
    }
    with pytest.raises(StopIteration):
        world.app()(scope, receive, send).send(None)
    assert sent[0]["status"] == 200


async def test_a_full_disk_degrades(world: World, client: httpx.AsyncClient) -> None:
    world.load = replace(QUIET, disk=Disk(100 << 30, 5 << 20))
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    [reason] = answer.json()["reasons"]
    assert reason["reason"] == "disk_full"
    assert "5 MiB" in reason["message"]
    assert answer.json()["system"]["disk_percent"] == 100.0
    assert (await client.get("/health/ready")).status_code == 200


async def test_a_disk_that_hangs_degrades(world: World, client: httpx.AsyncClient) -> None:
    world.load = replace(QUIET, disk=None, trouble="the disk does not answer")
    report = (await client.get("/health")).json()
    assert (report["status"], report["reasons"][0]["reason"]) == ("degraded", "disk_unreadable")
    assert report["system"]["disk_percent"] is None


async def test_draining_serves_nobody_new(world: World, client: httpx.AsyncClient) -> None:
    world.lifecycle.draining = True
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["reasons"][0]["reason"] == "draining"
    assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("state", [each for each in AccountState if each != "connected"])
async def test_health_says_why_links_do_not_play(
    world: World, client: httpx.AsyncClient, state: AccountState
) -> None:
    world.bot.status = replace(world.bot.status, state=state, reason="The network is down.")
    answer = await client.get("/health")
    assert answer.status_code == 503
    report = answer.json()
    assert report["status"] == "unhealthy"
    assert report["bot"]["connected"] is False
    assert report["bot"]["status"] == state.value
    assert report["bot"]["reason"] == "The network is down."
    assert (await client.get("/health/ready")).status_code == 503


async def test_a_lost_database_degrades(world: World, client: httpx.AsyncClient) -> None:
    world.database = DatabaseStatus("unreachable", "mongodb")
    answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["reasons"][0]["reason"] == "database_unreachable"
    assert answer.json()["database"] == {"status": "unreachable", "type": "mongodb"}


async def test_live_touches_nothing(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert (world.bot.asked, world.engine.asked) == (0, 0)


async def test_ready(world: World, client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    world.lifecycle.draining = True
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
