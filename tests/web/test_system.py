"""/ and /health."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from telpher._version import VERSION
from telpher.telegram.gateway import AccountState
from telpher.web.deps import DatabaseStatus
from tests.web.fakes import World

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
    system = report.pop("system")
    assert report.pop("process")["tasks"] > 0
    assert report == {
        "status": "healthy",
        "timestamp": "2023-11-14T22:13:32.500000+00:00",
        "uptime_seconds": 12.5,
        "version": VERSION,
        "draining": False,
        "bot": {
            "connected": True,
            "status": "connected",
            "username": "telpher_bot",
            "reason": "",
        },
        "database": {"status": "not configured", "type": "none"},
        "cache": {"file_properties_cached": 5, "reserved_bytes": 1000, "budget_bytes": 2000},
        "streams": {"active": 3},
        "dc_clients": {"2": "connected", "4": "idle"},
        "dc_connections": {"2": 1, "4": 0},
    }
    assert set(system) == {"cpu_percent", "memory_percent", "memory_available_mb", "disk_percent"}
    assert 0 < system["memory_percent"] < 100
    assert system["memory_available_mb"] > 1
    assert 0 < system["disk_percent"] <= 100
    assert system["cpu_percent"] >= 0


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
