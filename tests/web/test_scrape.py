"""/metrics over HTTP."""

from __future__ import annotations

import httpx
from pydantic import SecretStr

from telpher.core.forwarded import ip_network
from tests import plain_http
from tests.web.fakes import KEY, World, serving

TOKEN = "a-token-of-no-secrecy"
STRANGER = {"X-Forwarded-For": "203.0.113.7"}


async def test_what_was_asked_for_is_counted(world: World, client: httpx.AsyncClient) -> None:
    await client.get(f"/stream/-1001234567890/42?k={KEY}", headers={"Range": "bytes=0-99"})
    await client.get("/stream/1/1?k=wrong")
    await client.get("/nowhere/at/all")
    text = (await client.get("/metrics")).text
    assert 'telpher_http_requests_total{route="stream",status="206"} 1.0' in text
    assert 'telpher_http_requests_total{route="stream",status="404"} 1.0' in text
    assert 'telpher_http_requests_total{route="other",status="404"} 1.0' in text
    assert 'telpher_http_first_byte_seconds_count{route="stream"} 2.0' in text


async def test_the_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    other = await client.get("/metrics", headers=accept)
    assert other.headers["content-type"].startswith("application/openmetrics-text")
    assert other.text.endswith("# EOF\n")
    head = await client.head("/metrics")
    assert (head.status_code, head.content) == (200, b"")


async def test_strangers_see_nothing(world: World) -> None:
    world.metrics_token = SecretStr(TOKEN)
    world.trusted = (ip_network("127.0.0.1"),)
    async with (
        serving(world.app()) as server,
        plain_http.client(f"http://127.0.0.1:{server.port}") as http,
    ):
        answer = await http.get("/metrics", headers=STRANGER)
        assert answer.status_code == 401
        assert answer.json()["detail"]["error"] == "unauthorized"
        assert "telpher_" not in answer.text
        for token, status in ((TOKEN, 200), (TOKEN + "x", 401)):
            headers = {**STRANGER, "Authorization": f"Bearer {token}"}
            assert (await http.get("/metrics", headers=headers)).status_code == status
