"""/stream and /download over a real socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from telpher.core.etag import etag
from telpher.core.model import Kind
from telpher.errors import (
    BusyError,
    FloodWaitError,
    MessageDeletedError,
    QuotaSpentError,
    TelegramError,
    TelegramUnavailableError,
    TelpherError,
    TooManyPlaysError,
)
from tests.web.fakes import KEY, MOVIE, REF, World, content

PATH = f"/{REF.chat_id}/{REF.message_id}"
STREAM = f"/stream{PATH}/movie.mp4?k={KEY}"
DOWNLOAD = f"/download{PATH}?k={KEY}"
SIZE = MOVIE.size
DATE = "Sun, 13 Sep 2020 12:26:40 GMT"
OTHER_DATE = "Sun, 13 Sep 2020 12:26:41 GMT"
EARLIER = "Sun, 13 Sep 2020 12:26:39 GMT"
TAG = etag(MOVIE)
PER_ANSWER = ("date", "x-request-id")


def described(answer: httpx.Response) -> dict[str, str]:
    """The headers of an answer that are not of this one request."""
    return {name: value for name, value in answer.headers.items() if name not in PER_ANSWER}


async def test_the_whole_file_with_its_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get(STREAM)
    assert answer.status_code == 200
    assert answer.content == content(0, SIZE)
    assert described(answer) == {
        "content-type": "video/mp4",
        "content-length": str(SIZE),
        "content-disposition": "inline; filename=\"movie.mp4\"; filename*=UTF-8''movie.mp4",
        "accept-ranges": "bytes",
        "etag": TAG,
        "last-modified": DATE,
        "cache-control": "private, max-age=31536000",
        "content-security-policy": (
            "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'"
        ),
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    }


@pytest.mark.parametrize("path", [f"/stream{PATH}", f"/stream{PATH}/", f"/stream{PATH}/a/b.mkv"])
async def test_the_name_in_the_path_is_decoration(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}?k={KEY}", headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206
    assert "movie.mp4" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "name", ["%0Ax%0D", "..%2F..%2Fetc", "%00", "%E2%80%AEgpj.exe", "%FF%FE", "a%22b;c"]
)
async def test_no_name_in_the_path_does_harm(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.head(f"/stream{PATH}/{name}?k={KEY}")
    assert answer.status_code == 200
    assert "movie.mp4" in answer.headers["content-disposition"]


async def test_download_is_an_attachment(client: httpx.AsyncClient) -> None:
    stream, download = await client.head(STREAM), await client.head(DOWNLOAD)
    assert download.headers["content-disposition"].startswith('attachment; filename="movie.mp4"')
    differing = {n for n, v in described(stream).items() if download.headers.get(n) != v}
    assert differing == {"content-disposition"}


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=48-", 48, SIZE),
        ("bytes=65535-65537", 65535, 65538),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-99999999", 0, SIZE),
        (f"bytes={SIZE - 1}-{SIZE + 7}", SIZE - 1, SIZE),
        (f"bytes={SIZE - 5}-99999999999999999999", SIZE - 5, SIZE),
        ("BYTES=1-2", 1, 3),
    ],
)
async def test_one_range(
    world: World, client: httpx.AsyncClient, asked: str, start: int, stop: int
) -> None:
    answer = await client.get(STREAM, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(stop - start)
    assert answer.content == content(start, stop)
    assert world.engine.opened == [(start, stop)]


@pytest.mark.parametrize(
    "asked",
    ["bytes", "bytes=", "bytes=5-2", "bytes=a-b", "lines=1-2", "0-5", "bytes=1-2-3", "b=0-"],
)
async def test_what_is_no_range_of_bytes_is_ignored(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(STREAM, headers={"Range": asked})
    assert answer.status_code == 200
    assert answer.content == content(0, SIZE)
    assert "content-range" not in answer.headers


async def test_a_repeated_range_header_is_no_range(client: httpx.AsyncClient) -> None:
    answer = await client.get(STREAM, headers=[("Range", "bytes=0-9"), ("Range", "bytes=5-6")])
    assert answer.status_code == 200


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
async def test_a_range_behind_the_end(world: World, client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(STREAM, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["detail"]["error"] == "range_not_satisfiable"
    assert world.engine.opened == []


@pytest.mark.parametrize("url", [STREAM, DOWNLOAD])
async def test_head_has_the_headers_of_get_from_metadata_alone(
    world: World, client: httpx.AsyncClient, url: str
) -> None:
    head = await client.head(url, headers={"Range": "bytes=5-9"})
    assert world.engine.opened == []
    assert (head.status_code, head.content) == (200, b"")
    assert described(head) == described(await client.get(url))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"If-Match": TAG}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f"W/{TAG}"}, 412),
        ({"If-Unmodified-Since": DATE}, 200),
        ({"If-Unmodified-Since": EARLIER}, 412),
        ({"If-None-Match": TAG}, 304),
        ({"If-None-Match": f'"other", W/{TAG}'}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": TAG, "Range": "bytes=0-9"}, 304),
        ({"If-Modified-Since": DATE}, 304),
        ({"If-Modified-Since": EARLIER}, 200),
        ({"If-Modified-Since": "not a date"}, 200),
        ({"If-Match": TAG, "Range": "bytes=0-9"}, 206),
        ({"If-Range": TAG, "Range": "bytes=0-9"}, 206),
        ({"If-Range": f"W/{TAG}", "Range": "bytes=0-9"}, 200),
        ({"If-Range": '"other"', "Range": "bytes=0-9"}, 200),
        ({"If-Range": '"other"', "Range": f"bytes={SIZE}-"}, 200),
        ({"If-Range": DATE, "Range": "bytes=0-9"}, 206),
        ({"If-Range": OTHER_DATE, "Range": "bytes=0-9"}, 200),
    ],
)
async def test_conditions(client: httpx.AsyncClient, asked: dict[str, str], status: int) -> None:
    answer = await client.get(STREAM, headers=asked)
    assert answer.status_code == status
    if status in (200, 206):
        assert answer.content == content(0, 10 if status == 206 else SIZE)


async def test_what_a_304_carries(client: httpx.AsyncClient) -> None:
    answer = await client.get(STREAM, headers={"If-None-Match": TAG})
    assert answer.content == b""
    assert answer.headers["etag"] == TAG
    assert answer.headers["last-modified"] == DATE
    assert answer.headers["cache-control"].startswith("private")
    assert "content-length" not in answer.headers
    assert "content-type" not in answer.headers


async def test_an_empty_file(world: World, client: httpx.AsyncClient) -> None:
    world.engine.files[REF] = replace(MOVIE, size=0)
    whole = await client.get(STREAM)
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["content-length"] == "0"
    assert described(await client.head(STREAM)) == described(whole)
    behind = await client.get(STREAM, headers={"Range": "bytes=0-"})
    assert behind.status_code == 416
    assert behind.headers["content-range"] == "bytes */0"
    assert world.engine.opened == []


async def test_two_ranges_at_once_do_not_wait_for_each_other(
    world: World, client: httpx.AsyncClient
) -> None:
    release = asyncio.Event()

    async def hold_the_first(position: int) -> None:
        if position < SIZE // 2:
            await release.wait()

    world.engine.before_piece = hold_the_first
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(client.get(STREAM, headers={"Range": "bytes=0-99999"}))
        await world.engine.stream()
        second = await client.get(STREAM, headers={"Range": "bytes=-100000"})
        assert second.content == content(SIZE - 100_000, SIZE)
        assert not first.done()
        release.set()
    assert first.result().content == content(0, 100_000)


# Types and names


HOSTILE_TYPES = ["text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "x"]


@pytest.mark.parametrize("declared", HOSTILE_TYPES)
async def test_what_a_browser_would_run_is_saved_and_sandboxed(
    world: World, client: httpx.AsyncClient, declared: str
) -> None:
    world.engine.files[REF] = replace(
        MOVIE, mime_type=declared, name="page.html", kind=Kind.DOCUMENT
    )
    answer = await client.head(STREAM)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("declared", "sandboxed"),
    [
        ("audio/mpeg", False),
        ("image/png", False),
        ("video/x-matroska", False),
        ("text/plain", True),
    ],
)
async def test_what_may_be_shown_in_place(
    world: World, client: httpx.AsyncClient, declared: str, sandboxed: bool
) -> None:
    world.engine.files[REF] = replace(MOVIE, mime_type=declared, name="")
    answer = await client.head(STREAM)
    assert answer.headers["content-type"].partition(";")[0] == declared
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-security-policy"].endswith("sandbox") is sandboxed


@pytest.mark.parametrize(
    "name",
    [
        'quo"te.mp4',
        "line\r\nSet-Cookie: a=b\r\n\r\n<b>.mp4",
        "back\\slash;filename=x.mp4",
        "\u202egpj.exe",
        "\U0001f600\u2764\ufe0f.mp4",
        "кино.mp4",
        "\ud800half.mp4",
        "a" * 5000 + ".mp4",
        "\x00\x7f",
        "",
    ],
)
async def test_no_name_of_a_sender_leaves_its_header(
    world: World, client: httpx.AsyncClient, name: str
) -> None:
    world.engine.files[REF] = replace(MOVIE, name=name)
    answer = await client.get(STREAM, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206
    assert answer.content == content(0, 10)
    assert "set-cookie" not in answer.headers
    value = answer.headers["content-disposition"]
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert len(value) < 2000


# Who may, and what went wrong


def error_of(answer: httpx.Response) -> dict[str, object]:
    """The error of an answer without the one thing that differs, the request's id."""
    detail = answer.json()["detail"]
    assert detail.pop("request_id") == answer.headers["x-request-id"]
    return {"status": answer.status_code, **described(answer), **detail}


UNSIGNED = [
    f"/stream{PATH}/movie.mp4",
    f"/stream{PATH}/movie.mp4?k=",
    f"/stream{PATH}/movie.mp4?k=wrong",
    f"/stream{PATH}/movie.mp4?k=%00%ff",
    f"/stream{PATH}?k={KEY}&k={KEY}",
    f"/stream{PATH}?k={KEY}&k=wrong",
    "/stream/0/0",
    "/stream/",
    "/stream/1",
    f"/stream/1/?k={KEY}",
    f"/stream/a/b?k={KEY}",
    f"/stream/1.0/2?k={KEY}",
    f"/stream/+1/2?k={KEY}",
    f"/stream/01/2?k={KEY}",
    f"/stream/-0/2?k={KEY}",
    f"/stream/%D9%A1/2?k={KEY}",
    f"/stream/1%0A/2?k={KEY}",
    f"/stream/9223372036854775808/2?k={KEY}",
    f"/stream/2/-9223372036854775809?k={KEY}",
    f"/stream/{'9' * 5000}/2?k={KEY}",
]


@pytest.mark.parametrize("url", UNSIGNED)
async def test_a_bad_link_is_answered_like_an_unknown_file(
    world: World, client: httpx.AsyncClient, url: str
) -> None:
    unknown = await client.get("/stream/7/8")
    bad = await client.get(url)
    assert error_of(bad) == error_of(unknown)
    assert bad.status_code == 404
    assert bad.json()["detail"]["error"] == "not_found"
    assert world.engine.located == 0, "nothing is looked up for a link without a signature"
    assert (await client.head(url)).status_code == 404


async def test_a_good_link_to_what_is_no_more(world: World, client: httpx.AsyncClient) -> None:
    world.engine.files.clear()
    answer = await client.get(STREAM)
    assert (answer.status_code, answer.json()["detail"]["error"]) == (410, "message_deleted")
    assert answer.headers["cache-control"] == "no-store"


async def test_an_unsigned_link_that_is_let_in_may_name_nothing(
    world: World, client: httpx.AsyncClient
) -> None:
    world.links.open = True
    assert (await client.get(f"/stream{PATH}")).content == content(0, SIZE)
    unknown = await client.get("/stream/7/8")
    assert world.engine.located == 2
    wrong = await client.get(f"/stream{PATH}?k=wrong")
    assert error_of(unknown) == error_of(wrong)
    assert wrong.status_code == 404
    assert world.engine.located == 2


@pytest.mark.parametrize("url", [*UNSIGNED, "/download/0/0"])
async def test_no_404_while_the_bot_is_away(
    world: World, client: httpx.AsyncClient, url: str
) -> None:
    world.bot.disconnect()
    answer = await client.get(url)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert error_of(answer) == error_of(await client.get(UNSIGNED[0]))
    assert world.engine.located == 0


async def test_a_good_link_may_still_play_while_the_bot_is_away(
    world: World, client: httpx.AsyncClient
) -> None:
    world.bot.disconnect()
    assert (await client.get(STREAM)).content == content(0, SIZE)


async def test_an_expired_link(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/stream{PATH}?k=expired")
    assert answer.status_code == 410
    assert answer.json()["detail"]["error"] == "link_expired"
    assert world.engine.located == 0


FAILURES = [
    (MessageDeletedError("chat -100123"), 410, "message_deleted", None),
    (TelegramError("INTERNAL_SECRET"), 502, "telegram", None),
    (TelegramUnavailableError("10.0.0.1"), 503, "telegram_unavailable", "5"),
    (FloodWaitError(77), 503, "flood_wait", "77"),
    (BusyError("512 viewers"), 503, "busy", "5"),
    (TooManyPlaysError("2 plays", 60), 429, "too_many_plays", "60"),
]


@pytest.mark.parametrize(("error", "status", "key", "retry_after"), FAILURES)
@pytest.mark.parametrize("where", ["locate", "open"])
async def test_an_error_before_the_first_byte_is_a_real_answer(
    world: World,
    client: httpx.AsyncClient,
    where: str,
    error: TelpherError,
    status: int,
    key: str,
    retry_after: str | None,
) -> None:
    setattr(world.engine, f"fail_{where}", error)
    answer = await client.get(STREAM)
    assert answer.status_code == status
    assert answer.json()["detail"]["error"] == key
    assert answer.headers.get("retry-after") == retry_after
    assert answer.headers["cache-control"] == "no-store"
    assert str(error) not in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
async def test_other_methods(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, STREAM, content=b"body")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["detail"]["error"] == "method_not_allowed"


async def test_options_needs_no_signature_and_looks_nothing_up(
    world: World, client: httpx.AsyncClient
) -> None:
    answer = await client.options(f"/stream{PATH}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (world.links.checked, world.engine.located) == ([], 0)


async def test_who_plays_and_whose_link_it_is_are_told_to_the_engine(
    world: World, client: httpx.AsyncClient
) -> None:
    await client.get(STREAM)
    (viewer,) = world.engine.viewers
    assert (viewer.link_id, viewer.client, viewer.owner) == (77, "127.0.0.1", 7)


async def test_a_quota_that_is_spent_refuses_bytes_and_nothing_else(
    world: World, client: httpx.AsyncClient
) -> None:
    world.admission.refusal = QuotaSpentError("spent", 3600)
    answer = await client.get(STREAM)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert answer.json()["detail"]["error"] == "quota_spent"
    assert world.engine.opened == []
    assert (await client.head(STREAM)).status_code == 200
    world.admission.refusal = None
    assert (await client.get(STREAM)).status_code == 200


async def test_errors_of_ours_are_told_of_and_others_are_not(
    world: World, client: httpx.AsyncClient
) -> None:
    await client.get(STREAM, headers={"If-Match": '"other"'})
    await client.get("/nothing")
    assert world.shown == []
    world.engine.fail_open = FloodWaitError(7)
    await client.get(STREAM)
    assert world.shown == ["flood_wait"]
