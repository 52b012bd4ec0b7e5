from __future__ import annotations

from collections import Counter

import pytest

from telpher.clock import FakeClock
from telpher.core.model import FileInfo, Kind, MessageRef, Viewer
from telpher.errors import BusyError, TooManyPlaysError
from telpher.streaming.plays import LEAST_ANSWER, OVER_AFTER, PlayLimits, Plays

MIB = 1 << 20
REF = MessageRef(7, 1)
FILM = FileInfo(99, MIB, "video/mp4", "film.mp4", Kind.VIDEO, 0)


def viewer(client, owner=None):
    return Viewer(1, client, owner)


def entry(link_id, client="a", owner=None):
    return Viewer(link_id, client, owner, playlist="a playlist")


class Log:
    """What was told, in order."""

    def __init__(self):
        self.told = []
        self.bytes = Counter()

    def begun(self, viewer, ref, info):
        self.told.append((viewer.client, ref, info))

    def served(self, viewer, info, count):
        self.told.append((viewer.client, count))
        self.bytes[viewer.link_id] += count


@pytest.fixture
def clock():
    return FakeClock()


def test_many_connections_of_one_client_to_one_link_are_one_play(clock):
    plays = Plays(PlayLimits(most=1, megabits=8), clock)
    entered = [plays.enter(viewer("client"), MIB) for _ in range(68)]
    assert len({id(play) for play in entered}) == 1
    assert plays.active == 1
    with pytest.raises(BusyError):
        plays.enter(viewer("other"), MIB)


def test_plays_of_other_processes_take_places_too(clock):
    told, elsewhere = [], set()

    def beside(here):
        told.append(list(here))
        return elsewhere

    plays = Plays(PlayLimits(most=3), clock, beside=beside)
    for client in "ab":
        plays.leave(plays.enter(viewer(client), MIB))
    a, b = told[-1]
    elsewhere = {(1, 0)}
    with pytest.raises(BusyError):
        plays.enter(viewer("c"), MIB)
    # What could not have a place is taken back.
    c = told[-2][-1]
    assert told[-2:] == [[a, b, c], [a, b]]
    # What goes on there as well has a place, and takes no other.
    elsewhere = {a, b, c}
    plays.enter(viewer("c"), MIB)
    clock.advance(OVER_AFTER)
    assert plays.active == 1
    assert told[-1] == [c]


def test_an_owners_plays_of_other_processes_count_once_however_they_are_known(clock):
    beside, instances = set(), 0
    limits = PlayLimits(most_per_owner=3)
    plays = Plays(limits, clock, None, lambda owner: instances, lambda here: beside)
    plays.enter(viewer("a", owner=7), MIB)
    beside = {(1, 7), (2, 8), (3, 0)}
    instances = 1  # the same one, by way of Redis
    plays.enter(viewer("b", owner=7), MIB)
    with pytest.raises(TooManyPlaysError):
        plays.enter(viewer("c", owner=7), MIB)
    plays.enter(viewer("c", owner=8), MIB)


def test_a_play_keeps_its_place_for_a_while_after_its_last_byte(clock):
    plays = Plays(PlayLimits(most=1), clock)
    plays.leave(plays.enter(viewer("a"), MIB))
    clock.advance(OVER_AFTER - 1)
    with pytest.raises(BusyError):
        plays.enter(viewer("b"), MIB)
    clock.advance(1)
    assert plays.active == 0
    plays.enter(viewer("b"), MIB)


def test_a_paused_player_keeps_its_place_and_blocks_nobody_behind_it(clock):
    plays = Plays(PlayLimits(most=2), clock)
    plays.enter(viewer("paused"), MIB)
    plays.leave(plays.enter(viewer("gone"), MIB))
    clock.advance(10 * OVER_AFTER)
    assert plays.active == 1
    plays.enter(viewer("new"), MIB)
    with pytest.raises(BusyError):
        plays.enter(viewer("one more"), MIB)


def test_a_new_connection_keeps_a_play_alive(clock):
    plays = Plays(PlayLimits(), clock)
    plays.leave(plays.enter(viewer("a"), MIB))
    clock.advance(OVER_AFTER - 1)
    plays.leave(plays.enter(viewer("a"), 1))
    clock.advance(OVER_AFTER - 1)
    assert plays.active == 1


def test_small_answers_start_no_play_but_belong_to_one(clock):
    plays = Plays(PlayLimits(most=1), clock)
    plays.enter(viewer("a"), LEAST_ANSWER - 1)
    assert plays.active == 0
    play = plays.enter(viewer("a"), LEAST_ANSWER)
    assert plays.enter(viewer("a"), 1) is play
    plays.enter(viewer("b"), 1)
    with pytest.raises(BusyError):
        plays.enter(viewer("b"), LEAST_ANSWER)


def test_without_limits_nothing_is_refused_or_paced(clock):
    plays = Plays(PlayLimits(), clock)
    assert all(plays.enter(viewer(str(n)), MIB).pace is None for n in range(100))
    assert plays.active == 100


def test_one_pace_for_all_of_a_play(clock):
    plays = Plays(PlayLimits(megabits=8), clock)
    assert plays.enter(viewer("a"), MIB).pace is plays.enter(viewer("a"), MIB).pace
    assert plays.enter(viewer("a"), MIB).pace.rate == 1_000_000


def test_each_user_has_plays_of_their_own(clock):
    plays = Plays(PlayLimits(most_per_owner=2), clock)
    for client in "ab":
        plays.enter(viewer(client, owner=7), MIB)
    with pytest.raises(TooManyPlaysError) as refusal:
        plays.enter(viewer("c", owner=7), MIB)
    assert refusal.value.retry_after == OVER_AFTER
    plays.enter(viewer("a", owner=7), MIB)  # one that is going on
    plays.enter(viewer("c", owner=7), 1)  # no play
    plays.enter(viewer("c", owner=8), MIB)
    plays.enter(viewer("d"), MIB)  # nobody knows whose it is


def test_a_play_that_is_over_makes_room_for_its_owner(clock):
    plays = Plays(PlayLimits(most_per_owner=1), clock)
    for client in "abc":
        plays.leave(plays.enter(viewer(client, owner=7), MIB))
        clock.advance(OVER_AFTER)
    plays.enter(viewer("d", owner=7), MIB)
    with pytest.raises(TooManyPlaysError):
        plays.enter(viewer("e", owner=7), MIB)


def test_who_the_owner_is_may_become_known_later(clock):
    plays = Plays(PlayLimits(), clock)
    assert plays.enter(viewer("a"), MIB) is plays.enter(viewer("a", owner=7), MIB)


def test_a_play_is_told_of_once_and_small_answers_never(clock):
    log = Log()
    plays = Plays(PlayLimits(), clock, log)
    small = plays.enter(viewer("a"), 1)
    plays.note_begun(small, REF, FILM)
    plays.note_served(small, FILM, 1)
    play = plays.enter(viewer("a"), MIB)
    plays.note_begun(play, REF, FILM)
    plays.note_begun(plays.enter(viewer("a"), MIB), REF, FILM)
    assert log.told == [("a", 1), ("a", REF, FILM)]


def test_the_entries_of_a_playlist_are_one_play(clock):
    log = Log()
    plays = Plays(PlayLimits(most=1, most_per_owner=1, megabits=8), clock, log)
    entries = [plays.enter(entry(number, owner=7), MIB) for number in range(1, 101)]
    assert plays.active == 1
    assert len({id(each.pace) for each in entries}) == 1
    assert len({id(each.habit) for each in entries}) == 100
    for number, each in enumerate(entries, 1):
        plays.note_begun(each, REF, FILM)
        plays.note_served(each, FILM, number)
    assert log.told[0] == ("a", REF, FILM)
    assert sum(each == ("a", REF, FILM) for each in log.told) == 1
    assert log.bytes == {number: number for number in range(1, 101)}  # each link has its own
    with pytest.raises(BusyError):
        plays.enter(entry(1, "b"), MIB)


def test_a_playlist_goes_on_with_any_of_its_entries(clock):
    plays = Plays(PlayLimits(), clock)
    first = plays.enter(entry(1), MIB)
    for number in range(2, 30):
        clock.advance(OVER_AFTER - 1)
        plays.leave(plays.enter(entry(number), MIB))
    assert plays.active == 1
    plays.leave(first)
    assert plays.playing(entry(99))
    clock.advance(OVER_AFTER)
    assert plays.active == 0
    assert not plays.playing(entry(99))


def test_whether_somebody_plays_already(clock):
    plays = Plays(PlayLimits(), clock)
    assert not plays.playing(viewer("a"))
    play = plays.enter(viewer("a"), MIB)
    clock.advance(10 * OVER_AFTER)
    assert plays.playing(viewer("a"))  # paused
    assert not plays.playing(viewer("b"))
    plays.leave(play)
    clock.advance(OVER_AFTER - 1)
    assert plays.playing(viewer("a"))
    clock.advance(1)
    assert not plays.playing(viewer("a"))
    plays.enter(viewer("c"), 1)
    assert not plays.playing(viewer("c"))


def test_plays_end_in_the_order_in_which_they_were_left(clock):
    plays = Plays(PlayLimits(), clock)
    watched = plays.enter(viewer("watches on"), MIB)
    again = plays.enter(viewer("comes back"), MIB)
    plays.leave(again)
    for number in range(3):
        plays.leave(plays.enter(viewer(f"left {number}"), MIB))
        clock.advance(OVER_AFTER / 4)
    plays.leave(plays.enter(viewer("comes back"), MIB))
    assert plays.active == 5
    clock.advance(OVER_AFTER / 2)
    assert plays.active == 3, "two of them were left long ago"
    clock.advance(OVER_AFTER)
    assert plays.active == 1
    plays.leave(watched)
    clock.advance(OVER_AFTER)
    assert plays.active == 0
