from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.pace import BURST_SECONDS, LEAST_PIECE, PIECE_SECONDS, Pace


def test_megabits_are_a_million_bits():
    assert Pace.of_megabits(8).rate == 1_000_000


def test_a_start_is_at_once_and_then_evenly_paced():
    pace, now, sent = Pace(1000), 50.0, 0
    while sent < 10_000:
        now += pace.delay(now)
        pace.sent(100, now)
        sent += 100
    assert now - 50.0 == pytest.approx(10 - BURST_SECONDS, abs=0.11)


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 3)), min_size=1, max_size=60))
def test_over_any_time_it_is_never_ahead_by_more_than_the_burst_and_a_piece(pieces):
    pace, now = Pace(1000), 10.0
    sent = []
    for size, pause in pieces:
        now += pause
        now += pace.delay(now)
        pace.sent(size, now)
        sent.append((now, size))
        for begin, _ in sent:
            within = [each for moment, each in sent if begin <= moment <= now]
            assert sum(within[:-1]) <= 1000 * (now - begin + BURST_SECONDS) + 1e-3


def test_a_pause_does_not_save_up_more_than_the_burst():
    pace = Pace(1000)
    pace.sent(100, 0.0)
    assert pace.delay(1000.0) == 0
    pace.sent(600, 1000.0)
    assert pace.delay(1000.0) == pytest.approx(0.1)


def test_who_leaves_a_part_of_the_burst_to_others_waits_longer():
    pace = Pace(10, burst=2.0)
    pace.sent(15, 100.0)
    assert pace.delay(100.0) == 0
    assert pace.delay(100.0, kept=1.0) == pytest.approx(0.5)
    assert pace.delay(100.5, kept=1.0) == pytest.approx(0)


def test_idle_is_who_owes_nothing():
    pace = Pace(10)
    assert pace.idle(0.0)
    pace.sent(10, 5.0)
    assert not pace.idle(5.9)
    assert pace.idle(6.0)


def test_pieces_are_a_fraction_of_a_second_but_not_tiny():
    assert Pace(1_000_000).piece == 1_000_000 * PIECE_SECONDS
    assert Pace(1000).piece == LEAST_PIECE
