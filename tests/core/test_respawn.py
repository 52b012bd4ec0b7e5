"""When a worker comes back, and when it has to go."""

from __future__ import annotations

import pytest

from telpher.core.respawn import (
    BEGIN_ANEW,
    LONGEST_PAUSE,
    LOOKS,
    WELL,
    WRONG_SETTINGS,
    Again,
    EndAll,
    Respawn,
    Watch,
)


@pytest.mark.parametrize("status", [0, 1, -9, -15, 137])
def test_the_first_time_it_is_back_at_once(status: int) -> None:
    assert Respawn().died(status, 0.0) == Again(0.0)


def test_who_fails_again_and_again_comes_back_ever_later() -> None:
    respawn = Respawn()
    pauses = [respawn.died(1, 0.5).pause for _ in range(8)]
    assert pauses == [0, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]


def test_who_was_well_is_back_at_once() -> None:
    respawn = Respawn()
    for _ in range(5):
        respawn.died(1, 0.5)
    assert respawn.died(-9, WELL) == Again(0.0)
    assert respawn.died(-9, 1.0) == Again(1.0)


@pytest.mark.parametrize("status", [BEGIN_ANEW, WRONG_SETTINGS])
def test_some_ends_are_everybodys(status: int) -> None:
    assert Respawn().died(status, 1000.0) == EndAll(status)


def test_who_shows_nothing_new_for_several_looks_hangs() -> None:
    watch = Watch()
    assert [watch.hangs(7.0) for _ in range(LOOKS + 1)] == [*[False] * LOOKS, True]


def test_any_sign_of_life_will_do() -> None:
    watch = Watch()
    beats = [7.0] * LOOKS + [7.25] * LOOKS + [3.0] * LOOKS
    assert not any(watch.hangs(beat) for beat in beats)


def test_who_is_not_ready_to_show_any_is_left_alone() -> None:
    watch = Watch()
    assert not any(watch.hangs(0.0) for _ in range(10 * LOOKS))
