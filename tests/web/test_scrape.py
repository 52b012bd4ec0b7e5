"""/metrics over HTTP."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.types import Message

from telpher.core.forwarded import ip_network
from telpher.errors import BusyError
from telpher.web.errors import MESSAGES
from telpher.web.routes import CLASSES
from telpher.web.server import HttpServer
from tests import plain_http
from tests.web.fakes import KEY, PATIENCE, World, serving
from tests.web.raw import wire

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


async def test_errors_are_counted_by_their_name(world: World, client: httpx.AsyncClient) -> None:
    world.links.open = True
    world.engine.fail_locate = BusyError("full")
    await client.get("/stream/-1001234567890/42")
    await client.get("/nowhere")
    value = world.metrics.registry.get_sample_value
    assert value("telpher_http_errors_total", {"error": "busy"}) == 1
    assert value("telpher_http_errors_total", {"error": "not_found"}) == 1


async def test_a_body_that_is_broken_off_is_counted(
    world: World, client: httpx.AsyncClient
) -> None:
    world.engine.short = 10
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(f"/stream/-1001234567890/42?k={KEY}")
    value = world.metrics.registry.get_sample_value
    assert value("telpher_http_broken_answers_total") == 1


async def test_a_viewer_who_leaves_breaks_nothing_off(
    world: World, client: httpx.AsyncClient
) -> None:
    async with client.stream("GET", f"/stream/-1001234567890/42?k={KEY}") as answer:
        async for _ in answer.aiter_raw():
            break
    stream = await world.engine.stream()
    async with asyncio.timeout(PATIENCE):
        await stream.closed.wait()
    assert world.metrics.registry.get_sample_value("telpher_http_broken_answers_total") == 0


async def test_what_never_became_a_request_is_counted(server: HttpServer) -> None:
    async with wire(server.port) as connection:
        connection.writer.write(b"nonsense\r\n\r\n")
        assert (await connection.head()).status == 400
        assert server.connections == 1
    assert server.refused == {"bad_request": 1}


ODD = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    st.sampled_from(["stream/", "watch/", "api/", "health/", "static/", "dashboard/x"]),
)


@settings(deadline=None, max_examples=60)
@given(paths=st.lists(ODD, max_size=8), method=st.text("ABCDEFGHIJ", min_size=1, max_size=9))
def test_nothing_that_strangers_send_makes_a_series(paths: list[str], method: str) -> None:
    """Whatever the path, method and headers: labels have values that are known beforehand."""
    world = World()
    app = world.app()
    statuses = {str(each.value) for each in HTTPStatus} | {"none"}
    allowed = {"route": CLASSES, "status": statuses, "error": set(MESSAGES)}

    async def ask(path: str) -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None:
            return None

        scope = {
            "type": "http",
            "method": method,
            "path": f"/{path}",
            "raw_path": path.encode(),
            "query_string": path.encode(),
            "headers": [(b"host", path.encode()), (b"user-agent", path.encode())],
            "http_version": "1.1",
            "client": ("203.0.113.7", 5000),
        }
        await app(scope, receive, send)

    async def ask_all() -> None:
        for path in paths:
            await ask(path)

    asyncio.run(ask_all())
    for family in world.metrics.collect():
        for sample in family.samples:
            for name, value in sample.labels.items():
                assert name == "le" or value in allowed[name]
