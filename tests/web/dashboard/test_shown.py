"""Figures, times and people for people."""

from __future__ import annotations

import pytest

from telpher.core.model import Person
from telpher.web.dashboard.shown import NEVER, Shown

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
SHOW = Shown(NOW)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (89 * 60, "89 min ago"),
        (90 * 60, "2 h ago"),
        (35 * 3600, "35 h ago"),
        (36 * 3600, "2 days ago"),
        (13 * 86400, "13 days ago"),
        (14 * 86400, "2027-01-01"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    assert SHOW.ago(NOW - seconds) == said


@pytest.mark.parametrize("at", [0.0, -1.0, 1e300, float("nan"), float("inf")])
def test_what_is_no_time_is_never(at: float) -> None:
    assert SHOW.time(at) == SHOW.iso(at) == NEVER


def test_times_and_figures() -> None:
    assert SHOW.time(NOW) == "2027-01-15 08:00"
    assert SHOW.iso(NOW) == "2027-01-15T08:00:00Z"
    assert SHOW.number(1234567) == "1\u202f234\u202f567"
    assert SHOW.rate(1536) == "1.50 KB/s"
    assert SHOW.size(-5) == "0.00 B"
    counts = (0, 5.7, 1023, 1024, 12_345, 1_048_000, 3 << 30)
    assert [SHOW.compact(count) for count in counts] == [
        *("0 B", "5 B", "1023 B", "1.00 KB", "12.1 KB", "1023 KB", "3.00 GB"),
    ]
    assert SHOW.share(1, 3) == "33\u202f%"
    assert SHOW.share(1, 0) == SHOW.part(None) == NEVER


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (60, "1 min"), (3660, "1 h 1 min"), (90000, "1 d 1 h"), (0, "0 s")],
)
def test_how_long(seconds: float, said: str) -> None:
    assert SHOW.duration(seconds) == said


def test_somebody_has_a_name_in_any_case() -> None:
    assert SHOW.name(Person(7, "Ada", "Love\nlace")) == "Ada Love lace"
    assert SHOW.name(Person(7, " ", username="ada")) == "ada"
    assert SHOW.name(Person(7, "\u202e")) == "7"
