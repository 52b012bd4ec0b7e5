"""Single values, as databases keep them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telpher.storage.scalars import LARGEST, SMALLEST, fits, name_key, nearest, storable


@pytest.mark.parametrize(
    ("number", "fitting"), [(LARGEST, True), (LARGEST + 1, False), (SMALLEST, True), (0, True)]
)
def test_what_fits_into_64_bits(number: int, fitting: bool):
    assert fits(number) == fits(1, number) == fitting
    assert fits(-number - 1) == fitting


@settings(deadline=None)
@given(st.integers())
def test_the_nearest_keeps_the_order(number: int):
    assert fits(nearest(number))
    assert (nearest(number) == number) == fits(number)
    assert (nearest(number) > 0) == (number > 0)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_kept_as_it_is(text: str):
    assert storable(text) == text


@settings(deadline=None)
@given(st.text(st.characters()))
def test_anything_becomes_text(text: str):
    clean = storable(text)
    assert clean.encode().decode() == clean
    assert storable(clean) == clean


def test_halves_of_a_character_that_stand_together_are_that_character():
    assert storable("\ud83d\ude00") == "\U0001f600"
    assert storable("\ude00\ud83d") == "\ufffd\ufffd"


def test_names_are_compared_without_case():
    assert name_key("Ann_LEE") == name_key("ann_lee") != name_key("ann-lee")
