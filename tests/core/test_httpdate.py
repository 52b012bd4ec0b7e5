"""HTTP dates: the three forms, and everything that is none."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core import httpdate

MOMENT = 784_111_777


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 06 Nov 1994 08:49:37 GMT",  # the wrong day of the week
    ],
)
def test_the_three_forms(text: str) -> None:
    assert httpdate.read(text) == MOMENT


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Monday, 01-Jan-68 00:00:00 GMT", 2068),
        ("Monday, 01-Jan-69 00:00:00 GMT", 1969),
        ("Saturday, 01-Jan-00 00:00:00 GMT", 2000),
    ],
)
def test_the_century_of_two_digits(text: str, year: int) -> None:
    assert httpdate.read(text) == datetime(year, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov    08:49:37 1994",
        "\u0660\u0666 Nov 1994 08:49:37 GMT",
        "784111777",
    ],
)
def test_no_date(text: str) -> None:
    assert httpdate.read(text) is None


@given(seconds=st.integers(-(2**35), 2**37))
def test_written_as_the_standard_library_writes_and_read_back(seconds: int) -> None:
    text = httpdate.write(seconds)
    assert text == format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
    assert httpdate.read(text) == seconds


@pytest.mark.parametrize("seconds", [2**63, -(2**63), 10**30, 253_402_300_800])
def test_no_such_year(seconds: int) -> None:
    with pytest.raises(ValueError, match="year"):
        httpdate.write(seconds)


@given(text=st.text())
def test_any_text_is_answered(text: str) -> None:
    assert httpdate.read(text) is None
