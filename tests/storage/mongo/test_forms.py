"""Times and fields, there and back."""

from __future__ import annotations

import pytest
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st

from telpher.storage.mongo.forms import date, moment, read, seconds

milliseconds = st.integers(-(10**12), 10**13)


@given(milliseconds)
def test_a_time_comes_back_to_the_millisecond(number):
    assert seconds(moment(number / 1000)) == number / 1000


@given(st.floats(-1e9, 1e11), st.floats(-1e9, 1e11))
def test_order_is_kept(one, other):
    earlier, later = sorted((one, other))
    assert moment(earlier) <= moment(later)


@pytest.mark.parametrize("at", [float("inf"), float("-inf"), 1e300, -1e300, 1 << 70])
def test_what_no_date_can_hold_is_the_first_or_the_last(at):
    assert 1 <= moment(at).as_datetime().year <= 9999


def test_never_is_null():
    assert date(0) is None
    assert seconds(None) == 0.0
    assert date(0.001) == DatetimeMS(1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DatetimeMS(1500), 1.5),
        (12, 12.0),
        (1.25, 1.25),
        (True, 0.0),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("yesterday", 0.0),
        ({}, 0.0),
    ],
)
def test_what_others_wrote_as_a_time(value, expected):
    assert seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("x", "", "x"),
        (5, "", ""),
        (None, "user", "user"),
        (5, 0, 5),
        (5.0, 0, 5),
        (5.5, 0, 0),
        (True, 0, 0),
        (True, False, True),
        (1, False, False),
        ("yes", False, False),
    ],
)
def test_a_field_of_another_type_is_as_good_as_none(value, default, expected):
    found = read({"field": value}, "field", default)
    assert (found, type(found)) == (expected, type(expected))
    assert read({}, "field", default) == default
