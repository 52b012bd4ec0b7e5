"""Where lists go on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.storage.base import PageKey
from telpher.storage.search import Field, SearchKey
from telpher.web.dashboard import cursors

numbers = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.floats(allow_nan=False, allow_infinity=False), numbers)
def test_a_page_goes_on_where_it_ended(at, number):
    key = PageKey(at, number)
    assert cursors.page_key(cursors.written(key)) == key


@given(st.sampled_from(Field), st.text(st.characters(codec="utf-8"), max_size=64), numbers)
def test_a_search_goes_on_where_it_ended(field, word, number):
    key = SearchKey(field, word, number)
    assert cursors.search_key(cursors.written(key)) == key


@pytest.mark.parametrize(
    "text",
    [None, "", "x", "%", "ä", "MSAx", "OSAxIHg", "MSA5OTk5OTk5OTk5OTk5OTk5OTk5IHg", "A" * 999],
)
def test_anything_else_is_the_beginning(text):
    assert cursors.page_key(text) is None
    assert cursors.search_key(text) is None


def test_the_end_is_empty():
    assert cursors.written(None) == ""
