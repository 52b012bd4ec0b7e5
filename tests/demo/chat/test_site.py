"""The chat page's server over real HTTP: routes, what it refuses, and its headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from telpher.demo.chat import site
from telpher.demo.scene import Scene
from tests.plain_http import client
from tgfake.world import FileSpec

PATIENCE = 60.0


@pytest.fixture
async def http(scene: Scene, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is the page: its origin goes along."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    async with (
        site.chat_page(scene, site.Spot(0, folder), "http://127.0.0.1:8080") as url,
        client(url) as http,
    ):
        http.headers["Origin"] = url.rstrip("/")
        yield http


async def test_the_page_and_all_that_it_names_are_there(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert len(named) >= 4
    for address in named:
        assert not address.startswith(("http", "//"))
        assert (await http.get(f"/{address}")).status_code == 200


async def test_every_module_is_there(http: httpx.AsyncClient) -> None:
    wanted, seen = ["chat.js"], set()
    while wanted:
        name = wanted.pop()
        seen.add(name)
        answer = await http.get(f"/static/{name}")
        assert answer.status_code == 200
        found = re.findall(r'from "\./([\w.]+)"', answer.text)
        wanted += [each for each in found if each not in seen]
    assert len(seen) > 5


async def test_no_script_writes_html_and_the_page_holds_none(http: httpx.AsyncClient) -> None:
    folder = Path(site.__file__).parent / "static"
    for script in folder.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", script.read_text()
        )
    page = await http.get("/")
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert scripts
    assert all(" src=" in each for each in scripts)
    assert not re.search(r'\son\w+="|style="|javascript:', page.text)


async def test_every_answer_is_fenced_in(http: httpx.AsyncClient) -> None:
    for path in ("/", "/static/chat.js", "/nothing", "/icon.svg"):
        headers = (await http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"


async def test_events_and_a_deed(http: httpx.AsyncClient, scene: Scene) -> None:
    async with asyncio.timeout(PATIENCE), http.stream("GET", "/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.aiter_lines()
        hello = orjson.loads((await anext(lines)).removeprefix("data: "))
        assert [each["id"] for each in hello["samples"]] == ["film.mp4", "other.mp4", "song.mp3"]
        deed = {"do": "send", "who": "ann", "chat": scene.bot.user_id, "text": "/start"}
        assert (await http.post("/deeds", json=deed)).status_code == 200
        async for line in lines:
            if '"/start"' in line:
                break
    async with asyncio.timeout(PATIENCE):
        # The server learns that the page has left.
        while scene.world.changed.waiting:  # noqa: ASYNC110 nothing tells of it
            await asyncio.sleep(0)


async def test_an_own_file_is_sent_as_it_is(http: httpx.AsyncClient, scene: Scene) -> None:
    data = bytes(range(256)) * 5000
    query = {"who": "ann", "chat": scene.bot.user_id, "name": "<b>x</b>.mp4", "kind": "video"}
    answer = await http.post("/files", params=query, content=data)
    assert answer.status_code == 200, answer.text
    seen = scene.ann.last_message(scene.bot)
    assert seen is not None
    assert seen.file is not None
    assert seen.file.spec.name == "<b>x</b>.mp4"
    assert seen.file.source.read(0, len(data) + 1) == data


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Origin": "https://attacker.example"}, "/deeds"),
        ({"Origin": "https://attacker.example"}, "/files?who=ann&chat=100200300&name=x"),
        ({"Origin": "null"}, "/deeds"),
        ({"Host": "attacker.example"}, "/deeds"),
        ({"Host": "attacker.example", "Origin": "http://attacker.example"}, "/deeds"),
        ({"Sec-Fetch-Site": "cross-site"}, "/deeds"),
    ],
)
async def test_another_page_makes_nobody_do_anything(http, scene, headers, path) -> None:
    deed = {"do": "send", "who": "ann", "chat": scene.bot.user_id, "text": "evil"}
    assert (await http.post(path, json=deed, headers=headers)).status_code == 403
    assert scene.ann.history(scene.bot) == []


async def test_another_name_or_page_sees_nothing(http: httpx.AsyncClient) -> None:
    for path in ("/", "/events", "/sample/film.mp4", "/static/chat.js"):
        answer = await http.get(path, headers={"Host": "attacker.example:8081"})
        assert answer.status_code == 403
    for path in ("/events", "/sample/film.mp4"):
        answer = await http.get(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


async def test_what_is_too_large_is_refused(http, scene, small) -> None:
    query = {"who": "ann", "chat": scene.bot.user_id, "name": "x"}
    for body in (b"x" * 2000, pieces(2000)):
        answer = await small.post("/files", params=query, content=body)
        assert answer.status_code == 413
    assert scene.ann.history(scene.bot) == []
    assert (await http.post("/deeds", content=b"[" * 100_000)).status_code == 413


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x"


@pytest.fixture
async def small(scene: Scene, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application alone, with room for a thousand bytes."""
    app = site.create_app(scene, site.Uploads(tmp_path, most_of_one=1000), "http://127.0.0.1:8080")
    base = "http://127.0.0.1:8081"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=base, headers={"Origin": base}
    ) as http:
        yield http


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 10_000, b"5"])
async def test_nonsense_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    assert (await http.post("/deeds", content=body)).status_code in {400, 409}


@pytest.mark.parametrize(
    "query", [{}, {"who": "ann"}, {"who": "ann", "chat": "x"}, {"who": "eve", "chat": "1"}]
)
async def test_files_for_nobody(http: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await http.post("/files", params=query, content=b"x")).status_code == 404


async def test_pictures_are_pictures(http: httpx.AsyncClient, scene: Scene) -> None:
    shelf = scene.shelf.peer.marked
    for path in (f"/picture/ann/{shelf}/1", "/sample/film.mp4"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    sent = await scene.ann.send_file(scene.bot, FileSpec("photo", data=svg))
    bot, log = scene.bot.user_id, scene.log.peer.marked
    for path in (
        f"/picture/ann/{bot}/{sent.id}",
        f"/picture/ann/{shelf}/3",
        f"/picture/ann/{shelf}/99",
        f"/picture/ann/{log}/1",
        f"/picture/eve/{shelf}/1",
        "/picture/ann/x/1",
        "/sample/song.mp3",
        "/sample/..%2f..%2fetc%2fpasswd",
    ):
        assert (await http.get(path)).status_code == 404


async def test_a_port_that_is_taken_gives_way_to_another(scene: Scene, tmp_path: Path) -> None:
    async with site.chat_page(scene, site.Spot(0, tmp_path), "http://127.0.0.1:1") as first:
        port = httpx.URL(first).port
        async with site.chat_page(scene, site.Spot(port or 0, tmp_path), "") as second:
            assert httpx.URL(second).port != port
            assert httpx.URL(second).host == "127.0.0.1"
