"""Heads of requests; over the wire: test_connection."""

from __future__ import annotations

import pytest

from telpher.web.head import one_host, with_path


@pytest.mark.parametrize(
    ("hosts", "version", "good"),
    [
        ([b"example.org:8080"], "1.1", True),
        ([b"[::1]:80"], "1.1", True),
        ([], "1.0", True),
        ([], "1.1", False),
        ([b"a", b"a"], "1.1", False),
        ([b"a/b"], "1.1", False),
    ],
)
def test_a_host_is_there_once_and_could_be_one(hosts, version, good) -> None:
    assert one_host(hosts, version) is good


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a?b", b"/a?b"),
        (b"*", b"*"),
        (b"http://example.org", b"/"),
        (b"http://example.org/a?b", b"/a?b"),
        (b"http://example.org?b", b"/?b"),
    ],
)
def test_of_an_absolute_target_the_path_counts(target, path) -> None:
    assert with_path(target) == path
