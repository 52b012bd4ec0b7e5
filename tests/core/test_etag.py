"""Entity tags: from identity alone, and the two comparisons."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.etag import etag, listed
from telpher.core.model import FileInfo, Kind

INFO = FileInfo(5_123_456_789_012_345_678, 1000, "video/mp4", "a.mp4", Kind.VIDEO, 1_700_000_000)


def test_the_tag_is_pinned() -> None:
    """Players resume across updates of telpher by it: a change here breaks every play under way."""
    assert etag(INFO) == '"536a93e5900aa6b1e324ee8794ea410d"'


def test_only_identity_counts() -> None:
    other = replace(INFO, mime_type="x/y", name="b", kind=Kind.DOCUMENT, date=1, duration=9)
    assert etag(other) == etag(INFO)
    assert etag(replace(INFO, document_id=INFO.document_id + 1)) != etag(INFO)
    assert etag(replace(INFO, size=1001)) != etag(INFO)
    assert etag(replace(INFO, document_id=11, size=1)) != etag(
        replace(INFO, document_id=1, size=11)
    )


@given(document_id=st.integers(), size=st.integers(0))
def test_strong_and_opaque_for_any_identity(document_id: int, size: int) -> None:
    tag = etag(replace(INFO, document_id=document_id, size=size))
    assert re.fullmatch('"[0-9a-f]{32}"', tag)


@pytest.mark.parametrize(
    ("header", "strong", "weak"),
    [
        ('"a"', True, True),
        (' "a" ', True, True),
        ("*", True, True),
        (" * ", True, True),
        ('W/"a"', False, True),
        ('"b", "a"', True, True),
        ('"b" ,\t"a"', True, True),
        (',, "b",,"a",', True, True),
        ('"b,\t", "a"', False, False),  # a tab inside a tag: the rest is not read
        ('"b,c","a"', True, True),
        ('"b", W/"a"', False, True),
        ('"\xff", "a"', True, True),
        ('"A"', False, False),
        ('"b"', False, False),
        ("a", False, False),
        ("", False, False),
        ('"a', False, False),
        ('""a""', False, False),
        ('w/"a"', False, False),
        ('"b" "a"', False, False),
        ('x, "a"', False, False),
        ('*, "a"', False, False),
        ('"a", x', True, True),
    ],
)
def test_lists(header: str, strong: bool, weak: bool) -> None:
    assert listed(header, '"a"', weak=False) is strong
    assert listed(header, '"a"', weak=True) is weak


def test_a_weak_tag_matches_weakly_alone() -> None:
    assert listed('"a"', 'W/"a"', weak=True)
    assert not listed('"a"', 'W/"a"', weak=False)
    assert not listed('W/"a"', 'W/"a"', weak=False)


opaque = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f'))
tags = opaque.filter(lambda text: not re.search("[\x80-\x9f]", text)).map('"{}"'.format)


@given(listing=st.lists(tags, min_size=1, max_size=5), tag=tags)
def test_a_list_names_its_members_and_no_other(listing: list[str], tag: str) -> None:
    header = " , ".join(listing)
    assert all(listed(header, member, weak=False) for member in listing)
    assert listed(header, tag, weak=False) == (tag in listing)


@given(header=st.text('W/"a, \t*'))
def test_any_text_is_answered(header: str) -> None:
    if listed(header, '"a"', weak=False):
        assert listed(header, '"a"', weak=True)
