import pytest

from telpher.bot.admin.card import engagement
from telpher.core.model import Person
from telpher.core.records import User

WEEK = 7 * 86400


@pytest.mark.parametrize(
    ("joined", "expected"),
    [(0, "-"), (1000 * WEEK, "5.0"), (999.5 * WEEK, "5.0"), (998 * WEEK, "2.5")],
)
def test_engagement_is_files_and_plays_a_week(joined, expected):
    user = User(Person(7, "Ada"), joined, joined, joined, total_streams=3, total_files=2)
    assert engagement(user, 1000 * WEEK) == expected
