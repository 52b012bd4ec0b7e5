"""What nginx may send, and what telpher answers by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest

from telpher.clock import FakeClock
from telpher.errors import BusyError, MessageDeletedError
from telpher.web.deps import EdgeDeps
from telpher.web.edge.desk import Desk
from tests import plain_http
from tests.web.fakes import KEY, MOVIE, REF, World, serving

PATH = f"/stream/{REF.chat_id}/{REF.message_id}"
LINK = f"{PATH}?k={KEY}"
VIEWER = "192.0.2.7"


@pytest.fixture
def world() -> World:
    return World(trusted=(ip_network("127.0.0.1"),), edge=EdgeDeps(Desk(FakeClock()), speed=8.0))


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(world.app(), world.clock) as server,
        plain_http.client(f"http://127.0.0.1:{server.port}") as client,
    ):
        yield client


async def ask(
    client: httpx.AsyncClient, link: str = LINK, method: str = "GET", **headers: str
) -> httpx.Response:
    """As nginx asks for a viewer."""
    about = {"X-Forwarded-For": VIEWER, "X-Original-Uri": link, "X-Original-Method": method}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get("/edge/auth", headers={**about, **named})


async def test_what_nginx_needs(world: World, client: httpx.AsyncClient) -> None:
    answer = await ask(client, Range="bytes=1000-")
    assert answer.status_code == 204
    direct = await client.head(LINK)
    assert answer.headers["x-telpher-file"] == direct.headers["etag"].strip('"')
    assert answer.headers["x-telpher-disposition"] == direct.headers["content-disposition"]
    assert answer.headers["x-telpher-rate"] == "1000000"
    [place] = world.engine.attending
    assert (place.viewer.client, place.length) == (VIEWER, MOVIE.size - 1000)
    assert world.edge
    world.edge.desk.settle(answer.headers["x-telpher-ticket"], 5)
    assert (place.count, place.left) == (5, True)


async def test_the_file_is_the_same_whatever_the_link_looks_like(
    world: World, client: httpx.AsyncClient
) -> None:
    answers = [
        await ask(client, link)
        for link in (LINK, f"{PATH}/other%20name.mkv?k={KEY}", f"{LINK}&more=1")
    ]
    assert len({each.headers["x-telpher-file"] for each in answers}) == 1
    saved = await ask(client, LINK.replace("/stream/", "/download/"))
    assert saved.headers["x-telpher-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("link", "headers"),
    [
        (f"{PATH}?k=wrong", {}),
        (PATH, {}),
        ("/watch/1/2", {}),
        ("", {}),
        ("/stream/%ff/2", {}),
        (LINK, {"Range": "bytes=0-1,5-6"}),
        (LINK, {"Range": f"bytes={MOVIE.size}-"}),
        (LINK, {"Range": "bytes=0-9"}),
        (LINK, {"If-None-Match": "*"}),
        (LINK, {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"}),
    ],
)
async def test_what_telpher_answers_by_itself(
    world: World, client: httpx.AsyncClient, link: str, headers: dict[str, str]
) -> None:
    answer = await ask(client, link, **headers)
    assert (answer.status_code, answer.content) == (403, b"")
    assert world.engine.attending == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", ""])
async def test_only_get_is_nginxs(client: httpx.AsyncClient, method: str) -> None:
    assert (await ask(client, method=method)).status_code == 403


@pytest.mark.parametrize("error", [BusyError("full"), MessageDeletedError("gone")])
async def test_what_may_not_be_may_not_be(
    world: World, client: httpx.AsyncClient, error: Exception
) -> None:
    world.engine.fail_open = error
    assert (await ask(client)).status_code == 403


async def test_nobody_but_a_trusted_proxy_may_ask(client: httpx.AsyncClient) -> None:
    headers = {"X-Original-Uri": LINK, "X-Original-Method": "GET"}
    assert (await client.get("/edge/auth", headers=headers)).status_code == 404


async def test_slices_are_nobodys_play_and_only_a_proxys(
    world: World, client: httpx.AsyncClient
) -> None:
    headers = {"X-Telpher-Slice": "1", "Range": "bytes=0-99999"}
    answer = await client.get(LINK, headers={**headers, "X-Forwarded-For": VIEWER})
    assert (answer.status_code, len(answer.content)) == (206, 100_000)
    assert world.engine.viewers == []
    await client.get(LINK, headers=headers)
    assert len(world.engine.viewers) == 1
    wrong = await client.get(PATH, headers={**headers, "X-Forwarded-For": VIEWER})
    assert wrong.status_code == 404


async def test_a_slice_is_of_the_file_that_was_asked_about(
    world: World, client: httpx.AsyncClient
) -> None:
    """It is kept under that file's name, for all links to it: whoever may put another file into one
    message must not put it there."""
    name = (await ask(client)).headers["x-telpher-file"]
    headers = {"X-Telpher-Slice": "1", "X-Forwarded-For": VIEWER, "If-Match": f'"{name}"'}
    ranged = {**headers, "Range": "bytes=0-99999"}
    assert (await client.get(LINK, headers=ranged)).status_code == 206
    world.engine.files[REF] = replace(MOVIE, document_id=MOVIE.document_id + 1)
    assert (await client.get(LINK, headers=ranged)).status_code == 412
    assert (await client.get(LINK, headers=headers)).status_code == 412


async def test_without_a_cache_in_front_there_is_nothing_of_it() -> None:
    world = World(trusted=(ip_network("127.0.0.1"),))
    async with (
        serving(world.app(), world.clock) as server,
        plain_http.client(f"http://127.0.0.1:{server.port}") as client,
    ):
        assert (await ask(client)).status_code == 404
        headers = {"X-Telpher-Slice": "1", "X-Forwarded-For": VIEWER}
        await client.get(LINK, headers=headers)
        assert len(world.engine.viewers) == 1
