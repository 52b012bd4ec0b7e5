"""When a second request may be sent, and how many."""

from __future__ import annotations

import pytest

from telpher.core.hedging import MOST_SAVED_HEDGES, REQUESTS_PER_HEDGE, Allowance, late_after


@pytest.mark.parametrize(("expected", "late"), [(0.0, 0.25), (0.05, 0.25), (0.1, 0.3), (2.0, 6.0)])
def test_late_is_three_times_what_was_expected(expected, late):
    assert late_after(expected) == pytest.approx(late)


def test_what_is_spent_is_gone():
    allowance = Allowance(2.0)
    assert [allowance.spend() for _ in range(3)] == [True, True, False]


def test_of_so_many_requests_one_may_be_hedged():
    allowance = Allowance(0.0)
    spent = 0
    for _ in range(10 * REQUESTS_PER_HEDGE):
        allowance.earn()
        spent += allowance.spend()
    assert spent in (9, 10)  # the last one may still be a rounding away


def test_no_more_than_a_few_are_saved_up():
    allowance = Allowance(0.0)
    for _ in range(100 * REQUESTS_PER_HEDGE):
        allowance.earn()
    assert sum(allowance.spend() for _ in range(100)) == MOST_SAVED_HEDGES
