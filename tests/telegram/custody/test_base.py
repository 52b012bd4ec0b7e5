"""How long something lasts for certain, by two clocks."""

from telpher.clock import FakeClock
from telpher.telegram.custody.base import Term


class TwoClocks:
    """Each goes on by itself."""

    def __init__(self):
        self.wall, self.mono = 1_700_000_000.0, 500.0

    def now(self):
        return self.wall

    def monotonic(self):
        return self.mono


def test_it_ends_when_its_time_is_over():
    clock = FakeClock()
    term = Term.starting(clock, 60)
    clock.advance(59)
    assert term.left(clock) == 1
    clock.advance(2)
    assert term.left(clock) == -1


def test_a_machine_that_slept_has_no_time_left():
    clock = TwoClocks()
    term = Term.starting(clock, 60)
    clock.wall += 100
    assert term.left(clock) == -40


def test_a_clock_that_is_set_back_gives_no_time():
    clock = TwoClocks()
    term = Term.starting(clock, 60)
    clock.wall -= 1000
    clock.mono += 61
    assert term.left(clock) == -1


def test_a_time_of_another_run_counts_for_no_longer_than_can_be():
    clock = TwoClocks()
    assert Term.until(clock, clock.wall + 30, at_most=60).left(clock) == 30
    assert Term.until(clock, clock.wall + 1000, at_most=60).left(clock) == 60
    assert Term.until(clock, clock.wall - 5, at_most=60).left(clock) == -5
