"""Cursors."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.storage.base import PageKey
from telpher.web.api import paging

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.floats(allow_nan=False, allow_infinity=False), INT64)
def test_what_is_written_is_read_exactly(at: float, number: int) -> None:
    cursor = paging.write(PageKey(at, number))
    assert paging.read(cursor) == PageKey(at, number)
    assert cursor.isascii()
    assert len(cursor) == 22


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_time_like_any_other(at: float) -> None:
    assert paging.read(paging.write(PageKey(at, 1))) == PageKey(0.0, 1)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "A" * 21, "A" * 23, "A" * 21 + "B", "é" * 22, "A" * 20 + "==", "+" * 22),
        "A" * 22 + "\n",
    ],
)
def test_what_was_never_written_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        paging.read(cursor)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(paging.write(paging.read(text))) == 22
