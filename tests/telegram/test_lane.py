from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.core.window import LEAST, START
from telpher.errors import FloodWaitError
from telpher.telegram.lane import CALM_SECONDS, IDLE_SECONDS, MOST_LINKS, MOST_TIMEOUTS, Lane
from tests.telegram.fakes import FakeConnection

KIB = 1024


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def lane(clock):
    return Lane(7, 4, clock)


def add(lane, count=1):
    return [lane.add(lane.free_slot(), FakeConnection()) for _ in range(count)]


def fill(lane, link):
    while link.window.room(64 * KIB):
        lane.sent(link, 64 * KIB)


def test_the_link_that_is_done_first_is_the_best(lane):
    first, second = add(lane, 2)
    lane.succeeded(first, lane.sent(first, 64 * KIB), 0.1)
    lane.succeeded(second, lane.sent(second, 64 * KIB), 0.3)
    assert lane.best(64 * KIB)[1] is first
    for _ in range(6):
        lane.sent(first, 64 * KIB)
    seconds, best = lane.best(64 * KIB)
    assert best is second
    assert seconds == pytest.approx(0.6, rel=0.5)


def test_no_room_no_connection_a_dead_connection(lane):
    assert lane.best(64 * KIB) is None
    (link,) = add(lane)
    assert lane.best(64 * KIB)
    link.connection.alive = False
    assert lane.best(64 * KIB) is None
    link.connection.alive = True
    fill(lane, link)
    assert lane.best(64 * KIB) is None


def test_connections_are_wanted_while_something_waits_up_to_a_limit(lane):
    assert not lane.wants_links()
    lane.unmet = True
    for _ in range(MOST_LINKS):
        assert lane.wants_links()
        add(lane)
    assert not lane.wants_links()


def test_the_first_one_opens_alone_then_as_many_as_there_are(lane):
    lane.unmet = True
    assert lane.wants_links() == 1
    lane.opening.add(lane.free_slot())
    assert lane.wants_links() == 0
    lane.opening.clear()
    add(lane)
    assert lane.wants_links() == 1
    lane.opening.add(lane.free_slot())
    assert lane.wants_links() == 0
    assert lane.free_slot() == 2
    lane.opening.clear()
    add(lane)
    assert lane.wants_links() == 2


def test_a_flood_wait_quiets_the_lane_and_no_connection_is_added_for_a_while(lane, clock):
    (link,) = add(lane)
    lane.flooded(link, lane.sent(link, 64 * KIB), FloodWaitError(5, premium=True))
    lane.unmet = True
    assert lane.pause() == 5
    assert (lane.flood().seconds, lane.flood().premium) == (5, True)
    assert lane.counts.premium_floods == 1
    clock.advance(4.5)
    assert lane.flood().seconds == 1
    clock.advance(0.5)
    assert lane.flood() is None
    assert lane.pause() <= 1
    assert not lane.wants_links()
    clock.advance(CALM_SECONDS)
    assert lane.wants_links()


def test_what_waited_for_a_login_does_not_make_a_connection_look_slow(lane):
    link = lane.add(0, FakeConnection(), settled=False)
    waited = lane.sent(link, 64 * KIB)
    link.settled = True
    timed = lane.sent(link, 64 * KIB)
    lane.succeeded(link, waited, 5.0)
    assert link.window.estimate.min_rtt == 0.0
    assert link.proved
    lane.succeeded(link, timed, 0.1)
    assert link.window.estimate.min_rtt == 0.1
    assert not link.window.in_flight


def test_what_is_lost_in_calm_is_replaced_and_no_more(lane, clock):
    links = add(lane, 3)
    lane.flooded(links[0], lane.sent(links[0], 64 * KIB), FloodWaitError(1))
    lane.unmet = True
    assert not lane.wants_links()
    lane.discard(links[0])
    assert lane.wants_links() == 1
    lane.opening.add(lane.free_slot())
    assert not lane.wants_links()
    lane.opening.clear()
    lane.flooded(links[1], lane.sent(links[1], 64 * KIB), FloodWaitError(1))  # while one is missing
    assert lane.wants_links() == 1
    add(lane)
    assert not lane.wants_links()
    clock.advance(1 + CALM_SECONDS)
    assert lane.wants_links() == 1


def test_each_429_leaves_one_connection_less(lane):
    links = add(lane, 4)
    lane.unmet = True
    for left, link in zip((3, 2, 1, 1), links, strict=True):
        lane.throttled(link)
        lane.discard(link)
        while lane.wants_links():
            add(lane)
        assert len(lane.links) == left


def test_a_login_that_has_to_wait_stops_no_connection_that_is_there(lane, clock):
    (link,) = add(lane)
    lane.unmet = True
    lane.no_login(FloodWaitError(30))
    assert lane.flood() is None
    assert not lane.wants_links()
    lane.discard(link)
    lane.no_login(FloodWaitError(30))
    assert lane.flood().seconds == 30
    assert not lane.wants_links()
    clock.advance(30)
    assert lane.wants_links()


def test_a_shorter_flood_wait_does_not_end_a_longer_one(lane):
    first, second = add(lane, 2)
    for link, seconds in ((first, 9), (second, 2)):
        lane.flooded(link, lane.sent(link, 64 * KIB), FloodWaitError(seconds))
    assert lane.flood().seconds == 9


def test_without_any_connection_one_is_wanted_even_in_calm(lane, clock):
    (link,) = add(lane)
    lane.throttled(link)
    lane.discard(link)
    lane.unmet = True
    assert lane.wants_links()
    add(lane)
    assert not lane.wants_links()
    clock.advance(CALM_SECONDS)
    assert lane.wants_links()


def test_what_a_window_learned_is_kept_for_the_next(lane):
    (link,) = add(lane)
    assert link.window.size == START
    lane.throttled(link)
    lane.discard(link)
    assert not lane.discard(link)
    assert add(lane)[0].window.size == LEAST


def test_four_time_outs_in_a_row_replace_a_link(lane):
    (link,) = add(lane)
    for _ in range(MOST_TIMEOUTS - 1):
        assert not lane.timed_out(link, lane.sent(link, KIB))
    lane.succeeded(link, lane.sent(link, KIB), 0.1)
    for _ in range(MOST_TIMEOUTS - 1):
        assert not lane.timed_out(link, lane.sent(link, KIB))
    assert lane.timed_out(link, lane.sent(link, KIB))


def test_idle_links_go_but_for_one_that_is_kept_warm(lane, clock):
    links = add(lane, 3)
    clock.advance(IDLE_SECONDS)
    lane.sent(links[1], KIB)
    lane.sweep()
    assert lane.links == [links[1]]
    assert lane.discarded == [links[0], links[2]]
    clock.advance(IDLE_SECONDS)
    lane.sweep()
    assert lane.links == [links[1]]


def test_dead_links_go_all_of_them(lane):
    links = add(lane, 2)
    for link in links:
        link.connection.alive = False
    lane.sweep()
    assert (lane.links, lane.discarded) == ([], links)


def test_slots_are_used_again(lane):
    first, second = add(lane, 2)
    assert (first.slot, second.slot) == (0, 1)
    lane.discard(first)
    assert lane.free_slot() == 2  # the old connection is not closed yet
    lane.discarded.remove(first)
    assert lane.free_slot() == 0


def test_what_metrics_are_told(lane):
    assert (lane.connected, lane.counts.opened) == (0, 0)
    first, second = add(lane, 2)
    assert (lane.connected, lane.counts.opened) == (2, 2)
    second.connection.alive = False
    assert lane.connected == 1
    lane.sweep()
    add(lane)
    assert (lane.connected, lane.counts.opened) == (2, 3)
    lane.flooded(first, lane.sent(first, KIB), FloodWaitError(5))
    lane.flooded(first, lane.sent(first, KIB), FloodWaitError(5, premium=True))
    assert (lane.counts.floods, lane.counts.premium_floods) == (1, 1)
