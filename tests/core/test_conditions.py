"""Conditional requests: each field, then which of them is heard (RFC 9110 section 13.2.2)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.conditions import Decision, decide

PROCEED, NOT_MODIFIED, FAILED = Decision

TAG = '"abc"'
DATE = 784_111_777
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("if-match", TAG, PROCEED),
        ("if-match", "*", PROCEED),
        ("if-match", f'"x", {TAG}', PROCEED),
        ("if-match", '"x"', FAILED),
        ("if-match", f"W/{TAG}", FAILED),
        ("if-match", "", FAILED),
        ("if-none-match", TAG, NOT_MODIFIED),
        ("if-none-match", f"W/{TAG}", NOT_MODIFIED),
        ("if-none-match", "*", NOT_MODIFIED),
        ("if-none-match", f'"x",{TAG}', NOT_MODIFIED),
        ("if-none-match", '"x"', PROCEED),
        ("if-none-match", "abc", PROCEED),
        ("if-unmodified-since", BEFORE, FAILED),
        ("if-unmodified-since", SAME, PROCEED),
        ("if-unmodified-since", AFTER, PROCEED),
        ("if-unmodified-since", "yesterday", PROCEED),
        ("if-modified-since", BEFORE, PROCEED),
        ("if-modified-since", SAME, NOT_MODIFIED),
        ("if-modified-since", AFTER, NOT_MODIFIED),
        ("if-modified-since", f" {AFTER} ", NOT_MODIFIED),
        ("if-modified-since", "yesterday", PROCEED),
        ("if-range", '"x"', PROCEED),
        ("range", "bytes=0-", PROCEED),
    ],
)
def test_one_condition(name: str, value: str, expected: Decision) -> None:
    assert decide({name: value}, TAG, DATE) is expected


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
@pytest.mark.parametrize("value", [SAME, "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_no_date_is_compared_with_that_of_a_file_that_has_none(name: str, value: str) -> None:
    assert decide({name: value}, TAG, None) is PROCEED


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
def test_more_than_one_date_is_none(name: str) -> None:
    assert decide({name: f"{BEFORE}, {AFTER}"}, TAG, DATE) is PROCEED


def test_no_condition() -> None:
    assert decide({}, TAG, DATE) is PROCEED


@pytest.mark.parametrize(
    ("match", "unmodified", "none_match", "modified"),
    list(
        product(
            [None, TAG, '"x"'], [None, BEFORE, AFTER], [None, TAG, '"x"'], [None, BEFORE, AFTER]
        )
    ),
)
def test_the_order(
    match: str | None, unmodified: str | None, none_match: str | None, modified: str | None
) -> None:
    fields = {
        "if-match": match,
        "if-unmodified-since": unmodified,
        "if-none-match": none_match,
        "if-modified-since": modified,
    }
    # The five steps of section 13.2.2, word by word.
    if match is not None:
        expected = PROCEED if match == TAG else FAILED
    else:
        expected = FAILED if unmodified == BEFORE else PROCEED
    if expected is PROCEED and none_match is not None:
        expected = NOT_MODIFIED if none_match == TAG else PROCEED
    elif expected is PROCEED:
        expected = NOT_MODIFIED if modified == AFTER else PROCEED
    present = {name: value for name, value in fields.items() if value is not None}
    assert decide(present, TAG, DATE) is expected


def test_players() -> None:
    """VLC sends If-Match with each range, Chromium If-None-Match (players.md 1)."""
    assert decide({"range": "bytes=48-", "if-match": TAG}, TAG, DATE) is PROCEED
    assert decide({"range": "bytes=48-", "if-none-match": TAG}, TAG, DATE) is NOT_MODIFIED


NAMES = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]


@given(headers=st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_text_is_answered(headers: dict[str, str]) -> None:
    assert decide(headers, TAG, DATE) in Decision
