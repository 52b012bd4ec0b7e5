"""/thumbnail: whom it is shown to, and how it is told to caches, browsers and other pages."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from telpher.errors import (
    BusyError,
    GoneError,
    MessageDeletedError,
    NotFoundError,
    NoThumbnailError,
    TelegramError,
    TelegramUnavailableError,
)
from tests.web.fakes import KEY, MOVIE, PATIENCE, REF, World

PLACE = f"{REF.chat_id}/{REF.message_id}"
PATH = f"/thumbnail/{PLACE}?k={KEY}"
HTML = {"Accept": "text/html"}


async def test_the_picture_and_what_is_said_of_it(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH)
    assert answer.status_code == 200
    assert answer.content == world.pictures.picture_.data
    assert world.pictures.asked == [(REF, MOVIE)]
    told = answer.headers
    assert told["content-type"] == "image/jpeg"
    assert told["content-length"] == str(len(answer.content))
    assert told["etag"] == world.pictures.picture_.tag
    assert told["cache-control"] == "private, max-age=86400"
    assert told["x-content-type-options"] == "nosniff"
    assert told["x-robots-tag"] == "noindex"
    assert told["content-security-policy"] == "default-src 'none'; sandbox"
    assert told["access-control-allow-origin"] == "*"
    assert "content-encoding" not in told


async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    got, head = await client.get(PATH), await client.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    own = {"date", "x-request-id"}
    kept = [{k: v for k, v in each.headers.items() if k not in own} for each in (got, head)]
    assert kept[0] == kept[1]


async def test_a_copy_at_hand_is_good(world: World, client: httpx.AsyncClient) -> None:
    tag = world.pictures.picture_.tag
    answer = await client.get(PATH, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert (await client.get(PATH, headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await client.get(PATH, headers={"If-Match": '"other"'})).status_code == 412


async def test_a_range_of_it_is_all_of_it(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (200, (await client.get(PATH)).content)


async def test_other_pages_may_read_it_if_they_may_read_files(world: World) -> None:
    world.cors_origins = ("https://a.example",)
    transport = httpx.ASGITransport(world.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://here.example") as client:
        allowed = await client.get(PATH, headers={"Origin": "https://a.example"})
        other = await client.get(PATH, headers={"Origin": "https://b.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("key", ["", "?k=", "?k=wrong", f"?k={KEY}&k={KEY}", f"?K={KEY}"])
async def test_without_a_good_link_nothing_is_looked_up(
    world: World, client: httpx.AsyncClient, key: str
) -> None:
    answer = await client.get(f"/thumbnail/{PLACE}{key}")
    assert answer.status_code == 404
    assert answer.json()["detail"]["error"] == "not_found"
    assert (world.engine.located, world.pictures.asked) == (0, [])


async def test_a_wrong_signature_tells_as_little_as_an_unknown_file(
    client: httpx.AsyncClient,
) -> None:
    wrong, nowhere = await client.get(f"/thumbnail/{PLACE}?k=x"), await client.get("/stream/1/1")
    details = [each.json()["detail"] for each in (wrong, nowhere)]
    for each in details:
        del each["request_id"]
    assert details[0] == details[1]


@pytest.mark.parametrize("path", ["", "1", "x/y", "1/2/../../../etc/passwd", "%2e%2e/1", "1e9/1"])
async def test_paths_of_no_message(world: World, client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/thumbnail/{path}?k=x")).status_code == 404
    assert world.pictures.asked == []


async def test_a_link_that_was_good(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/thumbnail/{PLACE}?k=expired")
    assert (answer.status_code, answer.json()["detail"]["error"]) == (410, "link_expired")


@pytest.mark.parametrize(
    ("failure", "status", "key"),
    [
        (NoThumbnailError("x"), 404, "no_thumbnail"),
        (MessageDeletedError("x"), 410, "message_deleted"),
        (GoneError("x"), 410, "gone"),
        (TelegramError("x"), 502, "telegram"),
        (TelegramUnavailableError("x"), 503, "telegram_unavailable"),
        (BusyError("x"), 503, "busy"),
    ],
)
async def test_errors_have_the_one_shape(
    world: World, client: httpx.AsyncClient, failure: Exception, status: int, key: str
) -> None:
    world.pictures.failure = failure
    answer = await client.get(PATH)
    assert (answer.status_code, answer.json()["detail"]["error"]) == (status, key)
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) == (status == 503)
    page = await client.get(PATH, headers=HTML)
    assert (page.status_code, page.headers["content-type"][:9]) == (status, "text/html")


async def test_a_message_that_is_gone(world: World, client: httpx.AsyncClient) -> None:
    world.engine.fail_locate = NotFoundError("x")
    assert (await client.get(PATH)).status_code == 410


async def test_while_the_bot_is_away_nothing_is_told_of_links(
    world: World, client: httpx.AsyncClient
) -> None:
    world.bot.disconnect()
    assert (await client.get(f"/thumbnail/{PLACE}?k=wrong")).status_code == 503


async def test_methods(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE"):
        answer = await client.request(method, PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (await client.options(PATH)).status_code == 204


async def test_work_for_a_client_that_leaves_is_ended(
    world: World, client: httpx.AsyncClient
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    world.pictures.before = work
    asking = asyncio.create_task(client.get(PATH))
    async with asyncio.timeout(PATIENCE):
        await began.wait()
        asking.cancel()
        await ended.wait()
    with pytest.raises(asyncio.CancelledError):
        await asking
