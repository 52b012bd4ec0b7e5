"""Rule 41, to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core import display


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0.00 B"),
        (1, "1.00 B"),
        (1023, "1023.00 B"),
        (1024, "1.00 KB"),
        (1536, "1.50 KB"),
        (1024**2 - 1, "1024.00 KB"),  # two decimals round; the unit does not change by that
        (1024**2, "1.00 MB"),
        (1024**3, "1.00 GB"),
        (4 * 1000**3, "3.73 GB"),
        (1024**4, "1.00 TB"),
        (1024**5, "1024.00 TB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert display.size(count) == text


def test_no_negative_size() -> None:
    with pytest.raises(ValueError, match="negative: -1"):
        display.size(-1)


@given(count=st.integers(0, 1024**5 - 1))
def test_a_size_is_near_the_truth(count: int) -> None:
    number, unit = display.size(count).split()
    factor = 1024 ** ["B", "KB", "MB", "GB", "TB"].index(unit)
    assert abs(float(number) * factor - count) <= 0.00501 * factor
    assert count < 1024 * factor
    assert count >= factor or unit == "B"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "N/A"),
        (-5, "N/A"),
        (0.9, "N/A"),
        (1, "00:01"),
        (30, "00:30"),
        (59.99, "00:59"),
        (60, "01:00"),
        (90, "01:30"),
        (3599, "59:59"),
        (3600, "01:00:00"),
        (3661, "01:01:01"),
        (360_000, "100:00:00"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


@given(seconds=st.integers(1, 10**9))
def test_a_duration_is_read_back(seconds: int) -> None:
    total = 0
    for part in display.duration(seconds).split(":"):
        total = total * 60 + int(part)
    assert total == seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("  a \n\n b\u2028c\u2029d\x00e ", "a b c d e"),
        ("\u202e\u2066abc\ufeff", "abc"),
        ("क्\u200dष 👨\u200d👩", "क्\u200dष 👨\u200d👩"),
        ("half \ud83d of a pair", "half of a pair"),
        ("0123456789ab", "0123456789ab"),
        ("0123456789abc", "01234567…abc"),
        ("", ""),
    ],
)
def test_one_line_removes_what_breaks_or_turns_a_line(text, shown):
    assert display.one_line(text, 12 if text.startswith("0") else 100) == shown
