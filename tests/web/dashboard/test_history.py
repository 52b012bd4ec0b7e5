"""Periods and what happened in them."""

from __future__ import annotations

import pytest

from telpher.core.tally import HourSum
from telpher.web.dashboard.history import PERIODS, period_of, summed

NOW = 1_800_000_123.0


@pytest.mark.parametrize("period", PERIODS.values(), ids=str)
def test_a_period_ends_with_the_span_that_is_now(period) -> None:
    starts = period.starts(NOW)
    assert len(starts) == period.count
    assert all(start % period.step == 0 for start in starts)
    assert starts[-1] <= NOW < starts[-1] + period.step


def test_an_unknown_period_is_the_usual_one() -> None:
    assert period_of(None) == period_of("") == period_of("x") == period_of("24h")


def test_hours_add_up_to_days() -> None:
    hours = {0: HourSum(streams=1), 3600: HourSum(streams=2, errors=1), 86400: HourSum(streams=4)}
    days = summed(hours, 86400)
    assert {start: (each.streams, each.errors) for start, each in days.items()} == {
        0: (3, 1),
        86400: (4, 0),
    }
    assert hours[0].streams == 1, "they are left as they were"
