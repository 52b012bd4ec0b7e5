from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.errors import BusyError
from telpher.streaming.plays import LEAST_ANSWER, OVER_AFTER, PlayLimits, Plays

MIB = 1 << 20


@pytest.fixture
def clock():
    return FakeClock()


def test_many_connections_of_one_client_to_one_link_are_one_play(clock):
    plays = Plays(PlayLimits(most=1, megabits=8), clock)
    entered = [plays.enter(("link", "client"), MIB) for _ in range(68)]
    assert len({id(play) for play in entered}) == 1
    assert plays.active == 1
    with pytest.raises(BusyError):
        plays.enter(("link", "other"), MIB)


def test_a_play_keeps_its_place_for_a_while_after_its_last_byte(clock):
    plays = Plays(PlayLimits(most=1), clock)
    plays.leave(plays.enter("a", MIB))
    clock.advance(OVER_AFTER - 1)
    with pytest.raises(BusyError):
        plays.enter("b", MIB)
    clock.advance(1)
    assert plays.active == 0
    plays.enter("b", MIB)


def test_a_paused_player_keeps_its_place_and_blocks_nobody_behind_it(clock):
    plays = Plays(PlayLimits(most=2), clock)
    plays.enter("paused", MIB)
    plays.leave(plays.enter("gone", MIB))
    clock.advance(10 * OVER_AFTER)
    assert plays.active == 1
    plays.enter("new", MIB)
    with pytest.raises(BusyError):
        plays.enter("one more", MIB)


def test_a_new_connection_keeps_a_play_alive(clock):
    plays = Plays(PlayLimits(), clock)
    plays.leave(plays.enter("a", MIB))
    clock.advance(OVER_AFTER - 1)
    plays.leave(plays.enter("a", 1))
    clock.advance(OVER_AFTER - 1)
    assert plays.active == 1


def test_small_answers_start_no_play_but_belong_to_one(clock):
    plays = Plays(PlayLimits(most=1), clock)
    plays.enter("a", LEAST_ANSWER - 1)
    assert plays.active == 0
    play = plays.enter("a", LEAST_ANSWER)
    assert plays.enter("a", 1) is play
    plays.enter("b", 1)
    with pytest.raises(BusyError):
        plays.enter("b", LEAST_ANSWER)


def test_without_limits_nothing_is_refused_or_paced(clock):
    plays = Plays(PlayLimits(), clock)
    assert all(plays.enter(n, MIB).pace is None for n in range(100))
    assert plays.active == 100


def test_one_pace_for_all_of_a_play(clock):
    plays = Plays(PlayLimits(megabits=8), clock)
    assert plays.enter("a", MIB).pace is plays.enter("a", MIB).pace
    assert plays.enter("a", MIB).pace.rate == 1_000_000
