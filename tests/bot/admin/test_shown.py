import pytest

from telpher.bot.admin import shown
from telpher.core.model import Person


@pytest.mark.parametrize(
    ("person", "name"),
    [
        (Person(7, "Ada", "Lovelace"), "Ada Lovelace"),
        (Person(7, "", "Lovelace", "ada"), "Lovelace"),
        (Person(7, "\u202e\n", "", "ada"), "@ada"),
        (Person(7, ""), "7"),
        (Person(7, "x" * 64), "x" * 29 + "…" + "x" * 10),
    ],
)
def test_everybody_has_a_name_to_be_shown_under(person, name):
    assert shown.name(person) == name


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(0, 0, "-"), (0, 7, "0 %"), (1, 3, "33 %"), (7, 7, "100 %")]
)
def test_a_share(part, whole, expected):
    assert shown.share(part, whole) == expected


@pytest.mark.parametrize("at", [0, -5, 1e30, float("nan"), float("inf")])
def test_what_is_no_time_is_never(at):
    assert shown.time(at) == "-"


def test_a_time_is_told_to_the_minute_in_utc():
    assert shown.time(1763920000.9) == "2025-11-23 17:46"
