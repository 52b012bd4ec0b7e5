"""Host and target of a request, before anything is done for it."""

from __future__ import annotations

import pytest

from telpher.web.heads import one_host, with_path


@pytest.mark.parametrize(
    ("hosts", "version", "good"),
    [
        ([b"films.example.org:8080"], "1.1", True),
        ([b"[::1]"], "1.1", True),
        ([], "1.1", False),
        ([], "1.0", True),
        ([b"a", b"a"], "1.1", False),
        ([b"a/b"], "1.1", False),
        ([b"a b"], "1.0", False),
    ],
)
def test_there_is_one_host_and_it_looks_like_one(
    hosts: list[bytes], version: str, good: bool
) -> None:
    assert one_host(hosts, version) is good


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a?b", b"/a?b"),
        (b"*", b"*"),
        (b"http://host/a?b", b"/a?b"),
        (b"http://host", b"/"),
        (b"http://host?b", b"/?b"),
    ],
)
def test_what_is_left_of_a_target_is_path_and_query(target: bytes, path: bytes) -> None:
    assert with_path(target) == path
