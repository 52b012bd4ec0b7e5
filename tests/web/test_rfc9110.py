"""RFC 9110 sections 13 and 14, sentence by sentence, over a real socket.

Each row names the sentence it holds, what is asked, and what comes back. `WHOLE` is a 200 with all
of the file, and a tuple the bytes of a 206.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.parser import BytesParser

import pytest

from telpher.core.etag import etag
from telpher.core.model import FileInfo, Kind
from telpher.errors import BusyError, TelegramError
from telpher.web.server import HttpServer
from tests.web.fakes import KEY, MOVIE, REF, World, content
from tests.web.raw import Head, Wire, wire

STREAM = f"/stream/{REF.chat_id}/{REF.message_id}?k={KEY}"
SIZE = MOVIE.size
TAG = etag(MOVIE)
WEAK = f"W/{TAG}"
OTHER = '"other"'
DATE = "Sun, 13 Sep 2020 12:26:40 GMT"
EARLIER = "Sun, 13 Sep 2020 12:26:39 GMT"
LATER = "Sun, 13 Sep 2020 12:26:41 GMT"
RFC_850 = "Sunday, 13-Sep-20 12:26:40 GMT"
ASCTIME = "Sun Sep 13 12:26:40 2020"

WHOLE = "whole"
SIXTEEN = ",".join("0-0" for _ in range(16))

UNDATED = replace(MOVIE, date=0)
EMPTY = replace(MOVIE, size=0)
VOICE = FileInfo(78, 20_001, "audio/ogg", "", Kind.VOICE, MOVIE.date, duration=9)
PHOTO = FileInfo(79, 123_457, "image/jpeg", "", Kind.PHOTO, MOVIE.date)

Row = tuple[str, str, object]

PRECONDITIONS: list[Row] = [
    # 13.1.1 If-Match
    ("true for *", "If-Match: *", WHOLE),
    ("true for a tag that matches", f"If-Match: {TAG}", WHOLE),
    ("true for one of several", f'If-Match: {OTHER}, "x",{TAG}', WHOLE),
    ("several lines are one list (5.2)", f"If-Match: {OTHER}\r\nIf-Match: {TAG}", WHOLE),
    ("empty elements are no elements (5.6.1)", f"If-Match: , ,{TAG},", WHOLE),
    ("false otherwise", f"If-Match: {OTHER}", 412),
    ("strong comparison", f"If-Match: {WEAK}", 412),
    ("a tag is no substring", f'If-Match: "x{TAG[1:]}', 412),
    ("a comma may be in a tag", f'If-Match: "a,{TAG[1:-1]},b"', 412),
    ("* in quotes is a tag", 'If-Match: "*"', 412),
    ("* among tags is none", f"If-Match: {OTHER}, *", 412),
    ("nothing matches nothing", "If-Match:", 412),
    ("unquoted is no tag", f"If-Match: {TAG[1:-1]}", 412),
    # 13.1.2 If-None-Match
    ("false for *: 304 to GET", "If-None-Match: *", 304),
    ("false for a match: 304 to GET", f"If-None-Match: {TAG}", 304),
    ("weak comparison", f"If-None-Match: {WEAK}", 304),
    ("one of several", f"If-None-Match: {OTHER}, {WEAK}", 304),
    ("true otherwise", f"If-None-Match: {OTHER}", WHOLE),
    ("unquoted is no tag, also here", f"If-None-Match: {TAG[1:-1]}", WHOLE),
    # 13.1.3 If-Modified-Since
    ("false for the same date", f"If-Modified-Since: {DATE}", 304),
    ("false for a later one", f"If-Modified-Since: {LATER}", 304),
    ("true for an earlier one", f"If-Modified-Since: {EARLIER}", WHOLE),
    ("RFC 850 dates are read", f"If-Modified-Since: {RFC_850}", 304),
    ("asctime dates are read", f"If-Modified-Since: {ASCTIME}", 304),
    ("ignored: not a date", "If-Modified-Since: yesterday", WHOLE),
    ("ignored: not a date that was", "If-Modified-Since: Sun, 31 Feb 2021 12:26:40 GMT", WHOLE),
    ("ignored: more than one member", f"If-Modified-Since: {DATE}, {DATE}", WHOLE),
    ("ignored: with If-None-Match", f"If-None-Match: {OTHER}\r\nIf-Modified-Since: {DATE}", WHOLE),
    # 13.1.4 If-Unmodified-Since
    ("true for the same date", f"If-Unmodified-Since: {DATE}", WHOLE),
    ("true for a later one", f"If-Unmodified-Since: {LATER}", WHOLE),
    ("false for an earlier one", f"If-Unmodified-Since: {EARLIER}", 412),
    (
        "false for an earlier RFC 850 one",
        "If-Unmodified-Since: Sunday, 13-Sep-20 12:26:39 GMT",
        412,
    ),
    ("ignored: not a date either", "If-Unmodified-Since: 0", WHOLE),
    (
        "ignored: two dates",
        f"If-Unmodified-Since: {EARLIER}\r\nIf-Unmodified-Since: {EARLIER}",
        WHOLE,
    ),
    ("ignored: with If-Match", f"If-Match: {TAG}\r\nIf-Unmodified-Since: {EARLIER}", WHOLE),
    # 13.2.2 the order
    ("If-Match before If-None-Match", f"If-None-Match: {TAG}\r\nIf-Match: {OTHER}", 412),
    ("then If-None-Match", f"If-None-Match: {TAG}\r\nIf-Match: {TAG}", 304),
    ("If-Unmodified-Since first", f"If-None-Match: *\r\nIf-Unmodified-Since: {EARLIER}", 412),
    ("304 before 206", f"If-None-Match: {TAG}\r\nRange: bytes=0-9", 304),
    ("412 before 206", f"If-Match: {OTHER}\r\nRange: bytes=0-9", 412),
    ("304 before 416", f"If-None-Match: {TAG}\r\nRange: bytes={SIZE}-", 304),
    ("412 before 416", f"If-Match: {OTHER}\r\nRange: bytes={SIZE}-", 412),
    ("If-Range last", f"If-None-Match: {TAG}\r\nIf-Range: {OTHER}\r\nRange: bytes=0-9", 304),
    ("all true: 206", f"If-Match: {TAG}\r\nIf-Range: {TAG}\r\nRange: bytes=0-9", (0, 10)),
]

IF_RANGE: list[Row] = [
    # 13.1.5
    ("ignored without Range", f"If-Range: {OTHER}", WHOLE),
    ("true for the strong tag", f"If-Range: {TAG}\r\nRange: bytes=5-9", (5, 10)),
    ("strong comparison", f"If-Range: {WEAK}\r\nRange: bytes=5-9", WHOLE),
    ("false: another tag", f"If-Range: {OTHER}\r\nRange: bytes=5-9", WHOLE),
    ("no list of tags", f"If-Range: {TAG}, {TAG}\r\nRange: bytes=5-9", WHOLE),
    ("no *", "If-Range: *\r\nRange: bytes=5-9", WHOLE),
    ("true for the exact date", f"If-Range: {DATE}\r\nRange: bytes=5-9", (5, 10)),
    ("in any form", f"If-Range: {RFC_850}\r\nRange: bytes=5-9", (5, 10)),
    ("false: a later date", f"If-Range: {LATER}\r\nRange: bytes=5-9", WHOLE),
    ("false: an earlier date", f"If-Range: {EARLIER}\r\nRange: bytes=5-9", WHOLE),
    ("false: neither", "If-Range: x\r\nRange: bytes=5-9", WHOLE),
    ("Range is ignored when false", f"If-Range: {OTHER}\r\nRange: bytes={SIZE}-", WHOLE),
    ("Range is heard when true", f"If-Range: {TAG}\r\nRange: bytes={SIZE}-", 416),
]

RANGES: list[Row] = [
    # 14.1.1, 14.1.2 byte ranges
    ("first and last", "Range: bytes=0-499", (0, 500)),
    ("one byte", "Range: bytes=0-0", (0, 1)),
    ("open", "Range: bytes=999990-", (999_990, SIZE)),
    ("all of it, still 206", "Range: bytes=0-", (0, SIZE)),
    ("the last byte", "Range: bytes=-1", (SIZE - 1, SIZE)),
    ("last beyond the end is the end", f"Range: bytes=999000-{SIZE}", (999_000, SIZE)),
    ("a suffix longer than the file is the file", "Range: bytes=-1000001", (0, SIZE)),
    ("the unit in any case", "Range: BYTES=1-2", (1, 3)),
    ("leading zeros", "Range: bytes=0001-0002", (1, 3)),
    ("beyond 64 bits", f"Range: bytes=5-{2**64}", (5, SIZE)),
    ("far beyond", f"Range: bytes=-{'9' * 5000}", (0, SIZE)),
    # 14.2 ignored
    ("ignored: another unit", "Range: items=0-1", WHOLE),
    ("ignored: no unit", "Range: 0-1", WHOLE),
    ("ignored: no set", "Range: bytes=", WHOLE),
    ("ignored: no set at all", "Range: bytes", WHOLE),
    ("ignored: the end before the beginning", "Range: bytes=9-5", WHOLE),
    ("ignored: one wrong range of several", "Range: bytes=0-1, 9-5", WHOLE),
    ("ignored: signs", "Range: bytes=+1-2", WHOLE),
    ("ignored: a minus alone", "Range: bytes=-", WHOLE),
    ("ignored: other digits", "Range: bytes=\u0661-2", WHOLE),
    ("ignored: hexadecimal", "Range: bytes=0x0-0x9", WHOLE),
    ("ignored: sent twice", "Range: bytes=0-1\r\nRange: bytes=3-4", WHOLE),
    ("ignored: overlapping", "Range: bytes=0-9, 5-14", WHOLE),
    ("ignored: many small ones", f"Range: bytes={SIXTEEN}", WHOLE),
    # 15.5.17 unsatisfiable
    ("416: begins at the end", f"Range: bytes={SIZE}-", 416),
    ("416: begins beyond", f"Range: bytes={SIZE + 5}-{SIZE + 9}", 416),
    ("416: beyond 64 bits", f"Range: bytes={2**64}-", 416),
    ("416: the last no bytes", "Range: bytes=-0", 416),
    ("416: none of several", f"Range: bytes={SIZE}-, -0", 416),
    # 14.6, 15.3.7.2 several
    ("several", "Range: bytes=0-9, 100-109", [(0, 10), (100, 110)]),
    ("in the order asked for", "Range: bytes=100-109,0-9", [(100, 110), (0, 10)]),
    ("next to each other", "Range: bytes=0-9,10-19", [(0, 10), (10, 20)]),
    ("with a suffix", "Range: bytes=0-0,-1", [(0, 1), (SIZE - 1, SIZE)]),
    ("those that are there", f"Range: bytes=0-9,50-59,{SIZE}-", [(0, 10), (50, 60)]),
    ("one that is left is single", f"Range: bytes=0-9,{SIZE}-", (0, 10)),
    ("large ones", "Range: bytes=0-299999,400000-", [(0, 300_000), (400_000, SIZE)]),
]

OTHER_FILES: list[tuple[str, FileInfo, str, object]] = [
    ("no date: ignored", UNDATED, f"If-Modified-Since: {DATE}", WHOLE),
    ("no date: 1970 too", UNDATED, "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", WHOLE),
    ("no date: ignored", UNDATED, f"If-Unmodified-Since: {EARLIER}", WHOLE),
    ("no date: false", UNDATED, f"If-Range: {DATE}\r\nRange: bytes=0-9", WHOLE),
    ("no date: the tag", UNDATED, f"If-Range: {TAG}\r\nRange: bytes=0-9", (0, 10)),
    ("empty: all of it", EMPTY, "X: y", WHOLE),
    ("empty: byte 0 is not there", EMPTY, "Range: bytes=0-", 416),
    ("empty: its last bytes are all of it", EMPTY, "Range: bytes=-5", WHOLE),
    ("empty: not one of several", EMPTY, "Range: bytes=0-0,5-9", 416),
    ("empty: not modified", EMPTY, f"If-None-Match: {etag(EMPTY)}", 304),
    ("voice", VOICE, "Range: bytes=20000-", (20_000, 20_001)),
    ("voice", VOICE, "Range: bytes=0-9,-10", [(0, 10), (19_991, 20_001)]),
    ("photo", PHOTO, "Range: bytes=-1", (123_456, 123_457)),
    ("photo", PHOTO, f"If-None-Match: {etag(PHOTO)}", 304),
]

ROWS = [
    *((f"13.1 {name}", MOVIE, asked, answer) for name, asked, answer in PRECONDITIONS),
    *((f"13.1.5 {name}", MOVIE, asked, answer) for name, asked, answer in IF_RANGE),
    *((f"14 {name}", MOVIE, asked, answer) for name, asked, answer in RANGES),
    *OTHER_FILES,
]


@dataclass
class Asked:
    """A connection that is kept over all rows, so that a wrong length shows in the next answer."""

    world: World
    wire: Wire

    async def get(self, lines: str, method: str = "GET") -> tuple[Head, bytes]:
        request = f"{method} {STREAM} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n"
        self.wire.writer.write(request.encode())
        head = await self.wire.head()
        length = head.headers.get("content-length", "0")
        return head, await self.wire.read(0 if method == "HEAD" else int(length))


@pytest.fixture
async def asked(world: World, server: HttpServer) -> AsyncIterator[Asked]:
    async with wire(server.port) as connection:
        yield Asked(world, connection)


def check(head: Head, body: bytes, info: FileInfo, expected: object) -> None:
    """Status, headers and bytes of one answer."""
    match expected:
        case "whole":
            assert head.status == 200
            assert body == content(0, info.size)
            assert "content-range" not in head.headers
        case int(status):
            assert head.status == status
        case (int(start), int(stop)):
            assert head.status == 206
            assert head.headers["content-range"] == f"bytes {start}-{stop - 1}/{info.size}"
            assert body == content(start, stop)
        case list(parts):
            assert head.status == 206
            assert found_in(head, body, info) == parts
    validators(head, info)


def found_in(head: Head, body: bytes, info: FileInfo) -> list[tuple[int, int]]:
    """The parts of a multipart answer, each of them checked, by a parser that is not ours."""
    assert "content-range" not in head.headers, "15.3.7.2: that would be of a single part"
    kind = head.headers["content-type"]
    parsed = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    assert parsed.get_content_type() == "multipart/byteranges"
    assert not parsed.defects
    ranges = []
    for part in parsed.get_payload():
        unit, _, place = part["content-range"].partition(" ")
        positions, _, size = place.partition("/")
        first, _, last = positions.partition("-")
        assert (unit, size) == ("bytes", str(info.size))
        assert part.get_content_type() == info.mime_type
        assert part.get_payload(decode=True) == content(int(first), int(last) + 1)
        ranges.append((int(first), int(last) + 1))
    return ranges


def validators(head: Head, info: FileInfo) -> None:
    """What each status must carry (15.3.7, 15.4.5, 15.5.13, 15.5.17)."""
    assert "date" in head.headers
    assert "transfer-encoding" not in head.headers
    assert "content-encoding" not in head.headers
    if head.status in (200, 206, 304):
        assert head.headers["etag"] == etag(info)
        assert head.headers["cache-control"] == "private, max-age=31536000"
        assert ("last-modified" in head.headers) == bool(info.date)
    if head.status == 304:
        assert "content-length" not in head.headers
        assert "content-type" not in head.headers
    if head.status == 416:
        assert head.headers["content-range"] == f"bytes */{info.size}"
    if head.status in (412, 416):
        assert head.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("name", "info", "lines", "expected"), ROWS)
async def test_get(asked: Asked, name: str, info: FileInfo, lines: str, expected: object) -> None:
    asked.world.engine.files[REF] = info
    for offered in ("", "\r\nAccept-Encoding: gzip, br, zstd, identity;q=0"):
        head, body = await asked.get(lines + offered)
        check(head, body, info, expected)
    assert (await asked.get("X: y"))[0].status == 200, "the connection is in step"


@pytest.mark.parametrize(("name", "info", "lines", "expected"), ROWS)
async def test_head(asked: Asked, name: str, info: FileInfo, lines: str, expected: object) -> None:
    """14.2: Range is for GET alone. 9.3.2: the headers are those of GET, conditions included."""
    asked.world.engine.files[REF] = info
    head, body = await asked.get(lines, "HEAD")
    without = "\r\n".join(each for each in lines.split("\r\n") if "Range" not in each)
    same, _ = await asked.get(without or "X: y")
    differing = ("x-request-id",)
    assert head.status == same.status
    assert {n: v for n, v in head.headers.items() if n not in differing} == {
        n: v for n, v in same.headers.items() if n not in differing
    }
    assert body == b""


async def test_no_two_boundaries_are_the_same(asked: Asked) -> None:
    kinds = {(await asked.get("Range: bytes=0-1,3-4"))[0].headers["content-type"] for _ in range(5)}
    assert len(kinds) == 5


async def test_parts_are_opened_one_after_the_other_and_closed(asked: Asked) -> None:
    head, _ = await asked.get("Range: bytes=0-9,20-29,40-49")
    assert head.status == 206
    engine = asked.world.engine
    assert engine.opened == [(0, 10), (20, 30), (40, 50)]
    assert all(stream.closed.is_set() for stream in engine.streams)
    assert len(set(engine.viewers)) == 1, "one play"


async def test_a_first_part_that_fails_is_a_real_answer(asked: Asked) -> None:
    asked.world.engine.fail_open = BusyError("full")
    head, _ = await asked.get("Range: bytes=0-9,20-29")
    assert (head.status, head.headers["retry-after"]) == (503, "5")


async def test_a_later_part_that_fails_breaks_the_body_off(asked: Asked) -> None:
    engine = asked.world.engine

    async def fail_the_second() -> None:
        if len(engine.opened) > 1:
            raise TelegramError("lost")

    engine.before_open = fail_the_second
    asked.wire.send(STREAM, "Range: bytes=0-9,20-29")
    head = await asked.wire.head()
    got = await asked.wire.rest()
    assert head.status == 206
    assert len(got) < int(head.headers["content-length"])
    assert content(0, 10) in got


async def test_a_part_that_ends_early_shifts_nothing(asked: Asked) -> None:
    asked.world.engine.short = 1
    asked.wire.send(STREAM, "Range: bytes=0-9,20-29")
    await asked.wire.head()
    got = await asked.wire.rest()
    assert got.endswith(content(0, 9))
    assert all(stream.closed.is_set() for stream in asked.world.engine.streams)
    assert len(asked.world.engine.streams) == 1


async def test_leaving_between_two_parts_closes_what_is_open(asked: Asked) -> None:
    asked.wire.send(STREAM, "Range: bytes=0-400000,500000-")
    await asked.wire.head()
    stream = await asked.world.engine.stream(1)
    asked.wire.vanish()
    await stream.closed.wait()


# What is sent as a page, or dressed as something else

PAGE = b"<!doctype html><script>alert(document.domain)</script>"
SAVED = "application/octet-stream"

DISGUISES = [
    # Sent as such: saved, never shown, whatever its name is.
    ("text/html", "page.html", Kind.DOCUMENT, SAVED),
    ("text/html", "film.mp4", Kind.VIDEO, SAVED),
    ("Text/HTML; charset=utf-8", "film.mp4", Kind.VIDEO, SAVED),
    ("application/xhtml+xml", "film.mkv", Kind.VIDEO, SAVED),
    ("image/svg+xml", "drawing.svg", Kind.DOCUMENT, SAVED),
    ("image/svg+xml", "picture.png", Kind.PHOTO, SAVED),
    ("text/xml", "drawing.svg", Kind.DOCUMENT, SAVED),
    ("video/svg+xml", "film.mp4", Kind.VIDEO, SAVED),
    ("", "page.html", Kind.DOCUMENT, SAVED),
    ("", "drawing.svg", Kind.DOCUMENT, SAVED),
    ("application/javascript", "lib.js", Kind.DOCUMENT, SAVED),
    # Dressed as a film: the type is the film's, and nosniff holds browsers to it.
    ("video/mp4", "page.html", Kind.VIDEO, "video/mp4"),
    ("video/mp4", "drawing.svg", Kind.VIDEO, "video/mp4"),
    ("image/png", "drawing.svg", Kind.DOCUMENT, "image/png"),
    ("text/plain", "page.html", Kind.DOCUMENT, "text/plain; charset=utf-8"),
]


@pytest.mark.parametrize(("declared", "name", "kind", "served"), DISGUISES)
@pytest.mark.parametrize("lines", ["X: y", "Range: bytes=0-9", "Range: bytes=0-1,5-9"])
async def test_a_page_in_any_dress_runs_nowhere(
    asked: Asked, declared: str, name: str, kind: Kind, served: str, lines: str
) -> None:
    info = replace(MOVIE, size=len(PAGE), mime_type=declared, name=name, kind=kind)
    asked.world.engine.files[REF] = info
    for path in ("stream", "download"):
        asked.wire.send(STREAM.replace("stream", path), lines)
        head = await asked.wire.head()
        body = await asked.wire.read(int(head.headers["content-length"]))
        single = "multipart" not in head.headers["content-type"]
        assert head.headers["content-type"] == served if single else served.encode() in body
        assert head.headers["x-content-type-options"] == "nosniff"
        policy = head.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "script-src" not in policy
        assert policy.endswith("; sandbox") == served.startswith(("application", "text"))
        saved = head.headers["content-disposition"].startswith("attachment;")
        assert saved == (served == SAVED or path == "download")
