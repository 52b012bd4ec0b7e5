from __future__ import annotations

from telpher.core.habit import GLANCES, STAYS_AFTER, Habit


def test_who_has_done_nothing_yet_is_expected_to_stay():
    assert not Habit().glances


def test_who_leaves_early_again_and_again_will_leave_early():
    habit = Habit()
    for _ in range(GLANCES):
        assert not habit.glances
        habit.left(STAYS_AFTER - 1)
    assert habit.glances


def test_who_has_stayed_once_is_expected_to_stay():
    habit = Habit()
    for _ in range(GLANCES):
        habit.left(0)
    habit.left(STAYS_AFTER)
    assert not habit.glances
    habit.left(0)
    assert not habit.glances
