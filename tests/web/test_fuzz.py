"""Requests that nobody would write by hand: never a 500, never a wrong length, never a wrong byte.

Each is sent over a real socket, and a second one behind it on the same connection: were the first
answer a byte too long or too short, the second would not be understood.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from email.parser import BytesParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from telpher.core.etag import etag
from telpher.web.errors import MESSAGES
from tests.web.fakes import KEY, MOVIE, REF, FakePicture, World, content, serving
from tests.web.raw import Head, Wire, wire

SIZE = 1000
FILE = replace(MOVIE, size=SIZE)
TAG = etag(FILE)
STATUSES = {200, 204, 206, 304, 400, 401, 404, 405, 410, 412, 413, 416, 431}

numbers = st.integers(-5, SIZE + 50) | st.integers(0, 2**70)
specs = st.one_of(
    st.builds("{}-{}".format, numbers, numbers),
    numbers.map("{}-".format),
    numbers.map("-{}".format),
    st.text("0123456789-, \t", max_size=12),
)
ranges = st.builds(
    "{}{}{}".format,
    st.sampled_from(["bytes", "BYTES", "byte", "items", ""]),
    st.sampled_from(["=", " =", "= ", ""]),
    st.lists(specs, max_size=12).map(",".join),
)
tags = st.lists(
    st.one_of(
        st.sampled_from([TAG, f"W/{TAG}", "*", '""', '"', "W/", f"{TAG}{TAG}"]),
        st.text(max_size=8).map('"{}"'.format),
    ),
    max_size=5,
).map(", ".join)
dates = st.sampled_from(
    [
        "Sun, 13 Sep 2020 12:26:40 GMT",
        "Sun, 13 Sep 2020 12:26:39 GMT",
        "Sunday, 13-Sep-20 12:26:40 GMT",
        "Sun Sep 13 12:26:40 2020",
        "Sun, 99 Sep 9999 99:99:99 GMT",
        "0",
    ]
)
encodings = st.lists(
    st.builds(
        "{};q={}".format,
        st.sampled_from(["gzip", "br", "zstd", "identity", "*", "text/html", "application/json"]),
        st.sampled_from(["0", "1", "0.5", "nan", "inf", "-1", "x", ""]),
    ),
    max_size=4,
).map(",".join)
anything = st.text(max_size=40)
hosts = st.sampled_from(["a", "", "[::1]:80", "a.b.", "a b", "\u00e9", "a:b:c", "127.1"]) | anything


def named(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.just(name), values | anything)


fields = st.lists(
    st.one_of(
        named("Range", ranges),
        named("If-Range", tags | dates),
        named("If-Match", tags),
        named("If-None-Match", tags),
        named("If-Modified-Since", dates),
        named("If-Unmodified-Since", dates),
        named("Accept", encodings),
        named("Accept-Encoding", encodings),
        named("Origin", anything),
        named("Access-Control-Request-Method", st.just("GET")),
        named("X-Forwarded-For", anything),
        named("Forwarded", anything),
        named("Cookie", anything),
        named("Host", hosts),
        named("Expect", st.just("100-continue")),
        named("Connection", st.sampled_from(["close", "keep-alive", "upgrade"])),
        named("Upgrade", st.sampled_from(["h2c", "websocket"])),
        st.tuples(st.text(max_size=10), anything),
    ),
    max_size=6,
)

PLACE = f"{REF.chat_id}/{REF.message_id}"
pieces = st.sampled_from(
    ["/", "//", ".", "..", "%2e%2e", "%2F", "%00", "%0d%0a", "%ff", "%", "%zz", "\\", "?", "&", "#"]
) | st.text(max_size=8)
paths = st.one_of(
    st.sampled_from([f"/stream/{PLACE}", f"/download/{PLACE}/x.mp4", "/", "*", "http://a"]),
    st.sampled_from([f"/thumbnail/{PLACE}", f"/watch/{PLACE}", "/playlist/x.m3u8", "/docs"]),
    st.sampled_from(["/static/watch.js", "/favicon.ico", "/metrics", "/stats", "/openapi.json"]),
    st.lists(pieces, max_size=5).map(lambda parts: f"/stream/{PLACE}/" + "".join(parts)),
    st.lists(pieces, max_size=5).map(lambda parts: "/" + "".join(parts)),
    st.lists(pieces, max_size=5).map("".join),
    st.builds("/{}/{}/{}".format, st.sampled_from(["stream", "download"]), numbers, numbers),
)
queries = st.one_of(
    st.just(f"?k={KEY}"),
    st.sampled_from(["", "?", "?k", "?k=", f"?k={KEY}&k={KEY}", "?k=expired", f"?K={KEY}"]),
    anything.map("?k={}".format),
)
methods = st.sampled_from(["GET"] * 6 + ["HEAD", "HEAD", "OPTIONS", "POST", "TRACE", "get", "X"])


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]

    def text(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/{self.version}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


requests = st.builds(
    lambda method, path, query, version, host, others: Request(
        method, path + query, version, (*(("Host", each) for each in host), *others)
    ),
    methods,
    paths,
    queries,
    st.sampled_from(["1.1", "1.1", "1.1", "1.0"]),
    st.lists(hosts, min_size=1, max_size=1) | st.just(["a"]) | st.just([]),
    fields,
)


@dataclass
class Bench:
    """A server that lives as long as the tests here, on a loop that runs when one asks."""

    runner: asyncio.Runner
    world: World
    port: int

    def check(self, request: bytes) -> None:
        self.world.engine.opened.clear()
        self.world.engine.streams.clear()
        self.runner.run(self._check(request))
        assert all(stream.closed.is_set() for stream in self.world.engine.streams)

    async def _check(self, request: bytes) -> None:
        async with wire(self.port) as connection:
            connection.writer.write(request)
            connection.writer.write(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            method = request.partition(b" ")[0].decode("latin-1")
            if not await answer(connection, method):
                await answer(connection, "GET", health=True)


async def answer(connection: Wire, method: str, *, health: bool = False) -> bool:
    """Reads one answer and checks it; whether it was the last one of the connection."""
    head = await connection.head()
    while head.status == 100:
        head = await connection.head()
    assert head.status in STATUSES
    empty = method == "HEAD" or head.status in (204, 304)
    length = 0 if empty else int(head.headers["content-length"])
    body = await connection.read(length)
    if health and head.status == 200:
        assert body == b'{"status":"alive"}'
    elif not empty:
        check_body(head, body)
    closed = head.headers.get("connection") == "close"
    # Whether a line that is no request line asked for a HEAD nobody can say.
    if closed and not (empty and head.status == 400):
        assert await connection.rest() == b""
    return closed


def check_body(head: Head, body: bytes) -> None:
    """Every answer says what it is."""
    if head.status == 206:
        check_parts(head, body)
    elif head.status >= 400:
        if head.headers["content-type"] == "application/json":
            assert json.loads(body)["detail"]["error"] in MESSAGES
    elif head.headers["content-type"] == FILE.mime_type:
        assert body == content(0, SIZE)
    elif head.headers["content-type"] == "image/jpeg":
        assert body == FakePicture().data


def check_parts(head: Head, body: bytes) -> None:
    kind = head.headers["content-type"]
    if kind == FILE.mime_type:
        assert body == bytes_of(head.headers["content-range"])
        return
    parsed = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = parsed.get_payload()
    assert 2 <= len(parts) <= 8
    for part in parts:
        assert part.get_payload(decode=True) == bytes_of(part["content-range"])


def bytes_of(content_range: str) -> bytes:
    found = re.fullmatch(rf"bytes ([0-9]+)-([0-9]+)/{SIZE}", content_range)
    assert found
    assert int(found[2]) < SIZE
    return content(int(found[1]), int(found[2]) + 1)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    world = World()
    world.engine.files[REF] = FILE
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server = runner.run(stack.enter_async_context(serving(world.app())))
        yield Bench(runner, world, server.port)
        runner.run(stack.aclose())


FUZZED = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FUZZED
@given(request=requests)
@example(request=Request("GET", f"/stream/{PLACE}?k={KEY}", "1.1", (("Host", "a"),)))
def test_any_request_is_answered_rightly(bench: Bench, request: Request) -> None:
    bench.check(request.text())


@FUZZED
@given(
    route=st.sampled_from(["stream", "stream", "download", "thumbnail"]),
    several=st.lists(
        st.sampled_from(
            ["Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since"]
        ).flatmap(
            lambda name: st.tuples(
                st.just(name), {"Range": ranges, "If-Modified-Since": dates}.get(name, tags)
            )
        ),
        max_size=4,
    ),
)
def test_any_conditions_and_ranges_of_a_good_link(
    bench: Bench, route: str, several: list[tuple[str, str]]
) -> None:
    target = f"/{route}/{PLACE}?k={KEY}"
    bench.check(Request("GET", target, "1.1", (("Host", "a"), *several)).text())


@FUZZED
@given(data=st.binary(max_size=200).filter(lambda data: data.strip(b"\r\n") != b""))
def test_any_bytes_are_answered_or_left(bench: Bench, data: bytes) -> None:
    bench.check(data + b"\r\n\r\n")
