"""Page or JSON."""

from __future__ import annotations

import pytest

from telpher.web.accept import accepts_gzip, prefers_html

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=nan", False),
        ("text/html;q=", False),
        ("image/*", False),
        (";;,,q=1", False),
        (CHROMIUM, True),
        ("TEXT/HTML", True),
        ("text/html", True),
        ("text/*", True),
        ("text/html;level=1, */*;q=0.1", True),
        ("application/json;q=0.2, text/html ; q=0.9", True),
        ("text/html;q=7, application/json;q=-1", True),
    ],
)
def test_prefers_html(accept: str | None, html: bool) -> None:
    assert prefers_html(accept) is html


@pytest.mark.parametrize(
    ("encodings", "allowed"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.1, br", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("x-gzip-like", False),
        ("gzip;q=x", False),
        ("gzip;q=nan", False),
    ],
)
def test_accepts_gzip(encodings: str | None, allowed: bool) -> None:
    assert accepts_gzip(encodings) is allowed
