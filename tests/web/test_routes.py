"""The classes that HTTP metrics tell apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.web.openapi.operations import operations
from telpher.web.routes import CLASSES, OTHER, class_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("/stream/1/2", "stream"),
        ("/stream/../../etc", "stream"),
        ("/download/1/2/film.mp4", "download"),
        ("/watch/1/2", "watch"),
        ("/playlist/abc.m3u8", "playlist"),
        ("/api/links", "api"),
        ("/static/watch.js", "static"),
        ("/health", "health"),
        ("/health/live", "health"),
        ("/metrics", "metrics"),
        ("/docs", "reference"),
        ("/stream", OTHER),
        ("/metrics/x", OTHER),
        ("//stream/1/2", OTHER),
        ("", OTHER),
        ("*", OTHER),
    ],
)
def test_classes(path: str, name: str) -> None:
    assert class_of(path) == name


@given(st.text())
def test_there_are_no_others(path: str) -> None:
    assert class_of(path) in CLASSES
    assert class_of(f"/{path}") in CLASSES


def test_every_route_has_a_class_of_its_own() -> None:
    assert not [path for path in operations() if class_of(path) == OTHER]
