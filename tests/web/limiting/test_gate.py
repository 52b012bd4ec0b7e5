from __future__ import annotations

import pytest

from telpher.web.limiting.rates import GENEROUS, Rates
from telpher.web.limiting.shared import OwnCounts
from tests.web.fakes import KEY, REF, World

WATCH = f"/watch/{REF.chat_id}/{REF.message_id}?k={KEY}"
STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"
SCRIPT = {"Accept": "application/json"}
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def world():
    """Three a minute."""
    world = World()
    world.rates = Rates(3, OwnCounts(world.clock))
    return world


async def test_pages_and_what_is_nowhere_are_counted_together_with_plays(world, client):
    asked = [WATCH, "/nowhere", STREAM, "/"]
    assert [(await client.get(each)).status_code for each in asked] == [200, 404, 200, 429]


async def test_an_answer_tells_how_much_is_left(client):
    answer = await client.get("/")
    assert answer.headers["RateLimit-Policy"] == '"plays";q=3;w=60'
    assert answer.headers["RateLimit"] == '"plays";r=2;t=120'


async def test_a_refusal_is_a_page_for_people_and_json_for_programs(world, client):
    for _ in range(3):
        await client.get("/")
    located = world.engine.located
    page = await client.get(WATCH, headers=BROWSER)
    assert (page.status_code, page.headers["Retry-After"]) == (429, "61")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Too many requests" in page.text
    data = await client.get(WATCH, headers=SCRIPT)
    assert data.json()["detail"]["error"] == "rate_limited"
    assert data.json()["detail"]["request_id"] == data.headers["X-Request-Id"]
    assert data.headers["RateLimit"] == '"plays";r=0;t=120'
    assert world.engine.located == located


@pytest.mark.parametrize("path", ["/health", "/health/live", "/metrics", "/static/player.js"])
async def test_health_metrics_and_assets_are_free(world, client, path):
    for _ in range(10):
        answer = await client.get(path)
        assert answer.status_code != 429
        assert "RateLimit" not in answer.headers
    assert (await client.get("/")).headers["RateLimit"].startswith('"plays";r=2;')


async def test_figures_are_a_page_like_others(client):
    statuses = [(await client.get("/stats")).status_code for _ in range(4)]
    assert 429 not in statuses[:3]
    assert statuses[3] == 429


async def test_options_are_free(client):
    for _ in range(10):
        assert (await client.options(STREAM)).status_code == 204


async def test_thumbnails_are_many(world, client):
    for _ in range(10):
        answer = await client.get("/thumbnail/7/1")
        assert answer.status_code != 429
    left = GENEROUS - 10
    assert answer.headers["RateLimit"].startswith(f'"requests";r={left};')


async def test_nothing_is_free_that_only_begins_like_it(client):
    for path in ("/healthy", "/staticky", "/metricsx"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/")).status_code == 429
