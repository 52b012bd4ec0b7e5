"""Rule 14: what a browser might run never leaves under its own type."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.mime import OCTET_STREAM, content_type, extension, inline_ok
from telpher.core.model import FileInfo, Kind


def info(mime_type: str = "", name: str = "", kind: Kind = Kind.DOCUMENT) -> FileInfo:
    return FileInfo(123, 1, mime_type, name, kind, 0)


@pytest.mark.parametrize(
    ("declared", "served"),
    [
        ("video/mp4", "video/mp4"),
        ("video/x-matroska", "video/x-matroska"),
        ("VIDEO/MP4", "video/mp4"),
        (" video/mp4 ", "video/mp4"),
        ("video/mp4; codecs=avc1", "video/mp4"),
        ("video/mp4;\r\nSet-Cookie: a=b", "video/mp4"),
        ("audio/mpeg", "audio/mpeg"),
        ("audio/x-unheard-of", "audio/x-unheard-of"),
        ("image/jpeg", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/webp", "image/webp"),
        ("image/avif", "image/avif"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain; charset=utf-7", "text/plain; charset=utf-8"),
    ],
)
def test_types_that_are_kept(declared: str, served: str) -> None:
    assert content_type(info(declared, "x.html")) == served
    assert inline_ok(info(declared))


@pytest.mark.parametrize(
    "declared",
    [
        "text/html",
        "TEXT/HTML",
        "text/html; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "image/SVG+xml",
        "video/x+xml",
        "audio/anything+XML; charset=utf-8",
        "image/vnd.djvu",
        "image/*",
        "text/xml",
        "text/css",
        "text/javascript",
        "text/vtt",
        "text/plainly",
        "application/javascript",
        "application/pdf",
        "application/zip",
        "application/mp4",
        "application/x-mpegurl",
        "multipart/mixed",
        "message/rfc822",
        "video",
        "video/",
        "/mp4",
        "video/mp4/x",
        "video/*",
        "video/mp4\r\nSet-Cookie: a=b",
        "video/mp4\n",
        "video/mp4, text/html",
        "video/mp4 text/html",
        "video/\u0430",
        "video/" + "x" * 200,
        "x",
        "\0",
        "//",
    ],
)
@pytest.mark.parametrize("name", ["", "film.mp4", "page.html"])
def test_types_that_are_not(declared: str, name: str) -> None:
    assert content_type(info(declared, name, Kind.VIDEO)) == OCTET_STREAM
    assert not inline_ok(info(declared, name, Kind.VIDEO))


@pytest.mark.parametrize(
    "declared", ["", " ", ";", "application/octet-stream", "Application/Octet-Stream"]
)
@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("film.mkv", "video/x-matroska"),
        ("film.MKV", "video/x-matroska"),
        ("film.mkv ", "video/x-matroska"),
        ("a.b.mp4", "video/mp4"),
        (".mp4", "video/mp4"),
        ("song.flac", "audio/flac"),
        ("notes.txt", "text/plain; charset=utf-8"),
        ("page.html", OCTET_STREAM),
        ("drawing.svg", OCTET_STREAM),
        ("archive.zip", OCTET_STREAM),
        ("mp4", OCTET_STREAM),
        ("film.mp4.exe", OCTET_STREAM),
        ("film.", OCTET_STREAM),
        (".", OCTET_STREAM),
        ("", OCTET_STREAM),
    ],
)
def test_the_extension_is_asked_where_the_type_says_nothing(
    declared: str, name: str, served: str
) -> None:
    assert content_type(info(declared, name)) == served


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        (Kind.DOCUMENT, OCTET_STREAM),
        (Kind.VIDEO, "video/mp4"),
        (Kind.VIDEO_NOTE, "video/mp4"),
        (Kind.ANIMATION, "video/mp4"),
        (Kind.AUDIO, "audio/mpeg"),
        (Kind.VOICE, "audio/ogg"),
        (Kind.PHOTO, "image/jpeg"),
    ],
)
def test_the_kind_is_asked_last(kind: Kind, served: str) -> None:
    assert content_type(info("", "nameless", kind)) == served
    assert content_type(info("", "film.mkv", kind)) == "video/x-matroska"


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("video/mp4", ".mp4"),
        ("video/x-matroska", ".mkv"),
        ("video/quicktime", ".mov"),
        ("audio/mpeg", ".mp3"),
        ("audio/mp3", ".mp3"),
        ("audio/ogg", ".ogg"),
        ("audio/mp4", ".m4a"),
        ("image/jpeg", ".jpg"),
        ("image/jpg", ".jpg"),
        ("text/plain", ".txt"),
        ("application/pdf", ".pdf"),
        ("text/html", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_extensions(declared: str, expected: str) -> None:
    assert extension(info(declared)) == expected


KEPT = re.compile(
    r"(?:(?:audio|video)/[a-z0-9!#$&^_.+-]+|image/(?!svg)[a-z0-9.-]+|text/plain; charset=utf-8"
    r"|application/octet-stream)"
)


@given(
    declared=st.text() | st.text("videoaugtxhml/ ;\r\n.+-*", max_size=20),
    name=st.text() | st.sampled_from(["a.mp4", "a.svg", "a.html"]),
    kind=st.sampled_from(Kind),
)
def test_any_declaration_gives_a_harmless_header(declared: str, name: str, kind: Kind) -> None:
    assert KEPT.fullmatch(content_type(info(declared, name, kind)))
