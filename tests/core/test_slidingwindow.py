from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.slidingwindow import Window

LENGTH = 60.0


def seen(window, now):
    return window.at(now, LENGTH).view(now, LENGTH)


def test_the_last_window_counts_by_the_part_of_it_that_is_not_over_yet():
    window = Window(begun=0, previous=40, current=25)
    assert [seen(window, now).used(LENGTH) for now in (0, 20, 59.9)] == [65, 51, 25]


def test_windows_follow_each_other_and_are_forgotten_after_two():
    window = Window(begun=0, previous=40, current=60)
    assert window.at(59, LENGTH) == window
    assert window.at(60, LENGTH) == Window(60, 60, 0)
    assert window.at(119, LENGTH) == Window(60, 60, 0)
    assert window.at(120, LENGTH) == Window(120, 0, 0)


def test_there_is_nothing_to_wait_for_below_the_limit():
    assert seen(Window(0, 0, 59), 30).wait(60, LENGTH) == 0.0


@pytest.mark.parametrize(
    ("window", "now", "seconds"),
    [
        (Window(0, 0, 60), 10, 50),  # until the window is over: then each second frees one
        (Window(0, 60, 30), 0, 30),  # until half of the last one is over
        (Window(0, 60, 60), 0, 60),
    ],
)
def test_the_wait_is_until_one_more_fits(window, now, seconds):
    assert seen(window, now).wait(60, LENGTH) == pytest.approx(seconds)


@given(
    previous=st.integers(0, 100),
    current=st.integers(0, 100),
    now=st.floats(0, 59.99),
    limit=st.integers(1, 60),
)
def test_after_the_wait_there_is_room_and_before_it_there_is_none(previous, current, now, limit):
    window = Window(0.0, min(previous, limit), min(current, limit))
    wait = seen(window, now).wait(limit, LENGTH)
    assert 0 <= wait <= 2 * LENGTH
    assert seen(window, now + wait + 0.01).used(LENGTH) < limit
    if wait > 0.02:
        assert seen(window, now + wait - 0.01).used(LENGTH) >= limit


@given(st.lists(st.floats(0, 40), max_size=300), st.integers(1, 20))
def test_a_window_from_silence_holds_the_limit_exactly_and_no_later_one_twice_of_it(gaps, limit):
    now, window, granted = 0.0, Window(0.0, 0, 0), []
    for gap in gaps:
        now += gap
        window = window.at(now, LENGTH)
        if window.view(now, LENGTH).used(LENGTH) < limit:
            window = window._replace(current=window.current + 1)
            granted.append(now)
    assert sum(each < LENGTH for each in granted) == min(
        limit, sum(1 for each in _times(gaps) if each < LENGTH)
    )
    for end in granted:
        assert sum(end - LENGTH < each <= end for each in granted) < 2 * limit + 1


def _times(gaps):
    now = 0.0
    for gap in gaps:
        now += gap
        yield now
