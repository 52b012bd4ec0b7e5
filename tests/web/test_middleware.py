"""Request ids, the access log, CORS."""

from __future__ import annotations

import httpx
import pytest
from structlog.testing import capture_logs

from telpher.errors import TelegramError
from tests import plain_http
from tests.web.fakes import KEY, MOVIE, REF, World, serving

PATH = f"/stream/{REF.chat_id}/{REF.message_id}"
STREAM = f"{PATH}?k={KEY}"
ORIGIN = "https://player.example"


async def test_every_answer_has_an_id_of_our_own(client: httpx.AsyncClient) -> None:
    asked = {"X-Request-Id": "forged"}
    answers = [await client.get(path, headers=asked) for path in ("/", STREAM, "/x", "/health")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == len(answers)
    assert all(len(each) == 16 and each.isalnum() for each in ids)


async def test_one_entry_per_request_without_the_signature(client: httpx.AsyncClient) -> None:
    with capture_logs() as entries:
        await client.get(f"{PATH}/a%0Ab?k={KEY}", headers={"Range": "bytes=0-99"})
    [entry] = [each for each in entries if each["event"] == "request"]
    assert entry == {
        "event": "request",
        "log_level": "info",
        "client": "127.0.0.1",
        "method": "GET",
        "path": f"{PATH}/a%0Ab",
        "status": 206,
        "bytes": 100,
        "complete": True,
        "seconds": 0.0,
        "chat_id": REF.chat_id,
        "message_id": REF.message_id,
        "link_id": 77,
    }
    assert KEY not in str(entries)


async def test_the_entry_of_a_body_that_broke(world: World, client: httpx.AsyncClient) -> None:
    async def break_off(position: int) -> None:
        if position:
            raise TelegramError("lost")

    world.engine.before_piece = break_off
    with capture_logs() as entries, pytest.raises(httpx.RemoteProtocolError):
        await client.get(STREAM)
    [entry] = [each for each in entries if each["event"] == "request"]
    assert (entry["status"], entry["complete"], entry["bytes"]) == (200, False, world.engine.piece)
    [broken] = [each for each in entries if each["event"] == "body broken off"]
    assert (broken["error"], broken["missing"]) == ("telegram", MOVIE.size - world.engine.piece)


async def test_the_entry_of_a_bug(world: World, client: httpx.AsyncClient) -> None:
    world.engine.fail_locate = ZeroDivisionError()
    with capture_logs() as entries:
        await client.get(STREAM)
    assert [entry["status"] for entry in entries] == [500]


async def test_a_long_path_is_cut_in_the_log(client: httpx.AsyncClient) -> None:
    with capture_logs() as entries:
        await client.get("/" + "x" * 5000)
    assert len(entries[0]["path"]) == 300


async def test_health_checks_do_not_fill_the_log(client: httpx.AsyncClient) -> None:
    with capture_logs() as entries:
        await client.get("/health/live")
    assert [entry["log_level"] for entry in entries] == ["debug"]


async def test_a_preflight_allows_what_players_in_browsers_send(
    client: httpx.AsyncClient,
) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range,if-range",
    }
    answer = await client.options(STREAM, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert set(allowed) == {"range", "if-range", "if-none-match"}
    assert "access-control-expose-headers" not in answer.headers


@pytest.mark.parametrize("path", [STREAM, PATH])
async def test_other_origins_may_read_files_and_their_errors(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert set(exposed) == {"Content-Range", "Content-Length", "ETag", "Accept-Ranges"}
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("path", ["/thumbnail/1/2", "/playlist/x.m3u8"])
async def test_thumbnails_and_playlists_are_shared_too(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == "*"
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    assert (await client.options(path, headers=asked)).status_code == 204


async def test_options_that_is_no_preflight_is_told_the_methods(client: httpx.AsyncClient) -> None:
    answer = await client.options(STREAM, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/", "/health", "/stream"])
async def test_other_origins_may_read_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://evil.example", None), (None, None)]
)
async def test_only_listed_origins(world: World, origin: str | None, allowed: str | None) -> None:
    world.cors_origins = (ORIGIN, "https://other.example")
    async with (
        serving(world.app()) as running,
        plain_http.client() as client,
    ):
        answer = await client.get(
            f"http://127.0.0.1:{running.port}{STREAM}",
            headers={"Origin": origin} if origin else {},
        )
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "Origin" in answer.headers["vary"]
