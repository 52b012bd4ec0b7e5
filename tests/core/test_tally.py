from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord
from telpher.core.tally import (
    DAY,
    HOUR,
    OTHER,
    AnswerBegan,
    BatchMade,
    BytesServed,
    ErrorShown,
    LinkMade,
    LinkRevoked,
    PersonSeen,
    PlayBegun,
    Tally,
    tally,
)

NOON = 20_000 * DAY + 12 * HOUR
ANN = Person(7, "Ann")
REF = MessageRef(7, 1)


def link(link_id=1, owner=7, created=NOON):
    return LinkRecord(link_id, owner, REF, created, 0, 0, 99, "a.mp4", 10)


def play(at=NOON, link_id=1, name="a.mp4"):
    return PlayBegun(link_id, 99, REF, name, 10, at)


def test_the_first_and_the_last_sighting_of_a_person_are_kept_in_any_order():
    renamed = Person(7, "Anna")
    seen = tally([PersonSeen(renamed, 30), PersonSeen(ANN, 10), PersonSeen(ANN, 20)]).users[7]
    assert (seen.person, seen.first, seen.seen) == (renamed, 10, 30)


def test_a_new_link_is_a_file_more_for_its_owner_and_its_hour():
    total = tally([PersonSeen(ANN, NOON), LinkMade(link()), LinkMade(link(2)), LinkMade(link(3))])
    assert [record.link_id for record in total.made] == [1, 2, 3]
    counted = total.with_files([link(), link(3), link(4, owner=8, created=NOON + HOUR)])
    assert (counted.users[7].files, counted.users[7].person) == (2, ANN)
    assert (counted.users[8].files, counted.hours[NOON + HOUR].files) == (1, 1)
    assert counted.hours[NOON].files == 2
    assert total.users[7].files == 0
    assert NOON not in total.hours


def test_plays_and_bytes_count_for_the_link_the_file_the_hour_and_the_day():
    total = tally(
        [
            play(NOON),
            play(NOON + 5, link_id=2, name="b.mp4"),
            BytesServed(1, 99, 100, NOON),
            BytesServed(1, 99, 20, NOON + DAY),
        ]
    )
    assert (total.links[1].plays, total.links[1].bytes_served) == (1, 120)
    assert total.links[1].days == {NOON - 12 * HOUR: 100, NOON + 12 * HOUR: 20}
    assert total.links[1].last_play == NOON
    file = total.files[99]
    assert (file.plays, file.bytes_served, file.name) == (2, 120, "b.mp4")
    assert (total.hours[NOON].streams, total.hours[NOON].bytes_served) == (2, 100)
    assert total.hours[NOON + DAY].bytes_served == 20


def test_batches_errors_and_revocations_are_counted():
    total = tally(
        [BatchMade(7, NOON), ErrorShown("telegram", NOON), LinkRevoked(1, 5), LinkRevoked(1, 9)]
    )
    assert total.users[7].batches == 1
    assert (total.hours[NOON].batches, total.hours[NOON].errors) == (1, 1)
    assert total.revoked == {1: 5}, "it stays revoked since then"


def test_errors_count_under_few_keys_whatever_is_shown():
    shown = [ErrorShown(key, NOON) for key in ("busy", "busy", "gone", *map(str, range(99)))]
    assert tally(shown).hours[NOON].shown == {"busy": 2, "gone": 1, OTHER: 99}


def test_the_time_to_the_first_byte_is_added_up_in_milliseconds():
    waits = [AnswerBegan(seconds, NOON) for seconds in (0.25, 0.0004, -1.0)]
    hour = tally(waits).hours[NOON]
    assert (hour.answers, hour.waited) == (3, 250)


def test_a_file_was_played_last_when_it_was_whatever_comes_first():
    total = tally([play(NOON + 5), play(NOON), BytesServed(1, 99, 5, NOON + 9)])
    assert total.files[99].last_play == NOON + 5


EVENTS = st.lists(
    st.one_of(
        st.builds(PersonSeen, st.builds(Person, st.integers(1, 3), st.text()), st.integers(1, 99)),
        st.builds(BatchMade, st.integers(1, 3), st.integers(0, 3 * HOUR)),
        st.builds(ErrorShown, st.just("busy"), st.integers(0, 3 * HOUR)),
        st.builds(AnswerBegan, st.floats(0, 9), st.integers(0, 3 * HOUR)),
        st.builds(play, st.integers(0, 3 * DAY), st.integers(1, 3), st.text()),
        st.builds(
            BytesServed,
            st.integers(1, 3),
            st.integers(1, 3),
            st.integers(0, 1 << 40),
            st.integers(0, 3 * DAY),
        ),
        st.builds(LinkRevoked, st.integers(1, 3), st.just(5)),
    )
)


@pytest.mark.parametrize("known", [True, False])
@given(first=EVENTS, event=EVENTS.filter(lambda events: len(events) == 1))
def test_an_event_of_what_is_known_needs_no_new_sum(first, event, known):
    total = tally([*first, *(event if known else ())])
    grows, before = total.grows_by(event[0]), len(total) - len(total.hours)
    total.note(event[0])
    assert grows == (len(total) - len(total.hours) > before)


def test_an_empty_tally_is_nothing():
    assert not Tally()
    assert tally([ErrorShown("busy", NOON)])
