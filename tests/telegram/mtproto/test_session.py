import struct

import pytest

from telpher.clock import FakeClock
from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.mtproto.session import Seen, ServerTime, Session
from tests.telegram.mtproto.peer import (
    ENVELOPE,
    SECOND,
    container,
    plaintext,
    session_and_peer,
    understood,
)

PONG = struct.pack("<Iqq", schema.PONG, 1, 2)
BAD_SALT = struct.pack("<Iqiiq", schema.BAD_SERVER_SALT, 1, 1, 48, 5)


def bodies(found) -> list[bytes]:
    return [bytes(each.body) for each in found]


def test_ids_are_the_servers_time_and_rise_by_fours():
    session, _, clock = session_and_peer()
    ids = [session.next_id() for _ in range(3)]
    assert ids[0] // SECOND == int(clock.now())
    assert [each - ids[0] for each in ids] == [0, 4, 8]
    clock.advance(1)
    assert session.next_id() == ids[0] + SECOND
    assert all(each % 4 == 0 for each in ids)


def test_sequence_numbers_count_what_is_content_related():
    session, _, _ = session_and_peer()
    kinds = [True, False, True, True, False]
    assert [session.next_seqno(content_related=kind) for kind in kinds] == [1, 2, 3, 5, 6]
    session.shift_seqno(-100)
    assert session.next_seqno(content_related=True) == 1


@pytest.mark.parametrize("size", range(0, 64, 4))
def test_packets_are_padded_as_they_must_be(size):
    session, _, _ = session_and_peer(salt=99)
    sealed = session.seal(8, 3, b"x" * size)
    told = understood(sealed)
    assert len(sealed) % 16 == 0
    assert 12 <= len(told.padding) <= 1024
    assert (told.salt, told.outer.msg_id, told.outer.seqno) == (99, 8, 3)
    assert told.outer.body == b"x" * size


def test_padding_and_session_are_random():
    first, second = (understood(Session(ServerTime(FakeClock())).seal(4, 1, b"")) for _ in "12")
    assert first.padding != second.padding
    assert first.session_id != second.session_id


def test_a_message_comes_out():
    session, peer, _ = session_and_peer()
    (message,) = session.open(peer.says(PONG, seqno=3))
    assert bytes(message.body) == PONG
    assert session.unacknowledged == [message.msg_id]
    assert session.has_received(message.msg_id)


def test_only_content_related_messages_are_acknowledged():
    session, peer, _ = session_and_peer()
    session.open(peer.says(PONG, seqno=2))
    assert session.unacknowledged == []


def test_a_message_of_another_session_ends_it():
    session, peer, _ = session_and_peer()
    with pytest.raises(MalformedError, match="session"):
        session.open(peer.says(PONG, session_id=1))


def test_an_id_that_only_clients_make_ends_it():
    session, peer, _ = session_and_peer()
    with pytest.raises(MalformedError, match="id"):
        session.open(peer.says(PONG, msg_id=peer.next_id() & ~3))


@pytest.mark.parametrize("padding", [0, 11, 1025, 2000])
def test_padding_that_cannot_be_ends_it(padding):
    session, peer, _ = session_and_peer()
    with pytest.raises(MalformedError, match="fit"):
        session.open(peer.says(PONG, padding=padding))


@pytest.mark.parametrize("padding", [12, 1024])
def test_the_least_and_the_most_padding(padding):
    session, peer, _ = session_and_peer()
    assert bodies(session.open(peer.says(PONG, padding=padding))) == [PONG]


@pytest.mark.parametrize("size", [-4, 0, 3, 7, 1 << 20, 0x7FFFFFFF, -0x80000000])
def test_lengths_that_cannot_be_end_it(size):
    session, peer, _ = session_and_peer()
    packet = bytearray(peer.says(PONG))
    packet[24 + 28 : 24 + 32] = struct.pack("<i", size)
    with pytest.raises(MalformedError):
        session.open(memoryview(packet))


def test_packets_too_short_for_a_message_end_it():
    for size in range(32):
        session, _, _ = session_and_peer()
        with pytest.raises(MalformedError):
            session.open(memoryview(ENVELOPE + bytes(size)))


def test_a_message_counts_once_and_is_acknowledged_each_time():
    session, peer, _ = session_and_peer()
    packet = peer.says(PONG)
    (message,) = session.open(packet)
    assert session.open(packet) == []
    assert session.unacknowledged == [message.msg_id] * 2


def test_a_message_repeated_inside_a_container_counts_once():
    session, peer, _ = session_and_peer()
    first, second = peer.next_id(), peer.next_id()
    session.open(peer.says(PONG, msg_id=first))
    found = session.open(peer.says(container((first, 1, PONG), (second, 3, BAD_SALT)), seqno=2))
    assert bodies(found) == [BAD_SALT]


def test_messages_that_are_ignored_without_end_end_it():
    session, peer, _ = session_and_peer()
    packet = peer.says(PONG)
    session.open(packet)
    for _ in range(9):
        assert session.open(packet) == []
    with pytest.raises(MalformedError, match="too many"):
        session.open(packet)


def test_a_good_message_in_between_is_forgiving():
    session, peer, _ = session_and_peer()
    packet = peer.says(PONG)
    session.open(packet)
    for _ in range(5):
        for _ in range(9):
            session.open(packet)
        assert session.open(peer.says(PONG))


@pytest.mark.parametrize(("late", "taken"), [(299, True), (301, False), (-29, True), (-31, False)])
def test_messages_must_come_in_time(late, taken):
    session, peer, clock = session_and_peer()
    session.open(peer.says(PONG))
    msg_id = int((clock.now() - late) * SECOND) | 1
    assert bool(session.open(peer.says(PONG, msg_id=msg_id))) is taken
    assert session.unacknowledged[1:] == [msg_id] * taken


def test_what_is_said_about_our_time_may_have_a_wrong_one():
    session, peer, clock = session_and_peer()
    session.open(peer.says(PONG))
    msg_id = int((clock.now() + 1000) * SECOND) | 1
    assert bodies(session.open(peer.says(BAD_SALT, msg_id=msg_id))) == [BAD_SALT]
    assert session.time.offset == 0


@pytest.mark.parametrize("body", [PONG, BAD_SALT])
@pytest.mark.parametrize("wrong", [-10_000, -200, 200, 10_000])
def test_the_first_message_sets_a_wrong_clock_right(body, wrong):
    session, peer, clock = session_and_peer()
    true = clock.now()
    clock.advance(wrong)
    first = int(true * SECOND) | 1
    assert session.open(peer.says(body, msg_id=first))
    assert session.time.now() == pytest.approx(true)
    assert session.open(peer.says(PONG, msg_id=first + 4))
    late = int((true - 400) * SECOND) | 1
    assert session.open(peer.says(PONG, msg_id=late)) == []


def test_a_first_message_in_time_changes_nothing():
    session, peer, clock = session_and_peer()
    session.open(peer.says(PONG, msg_id=int((clock.now() + 20) * SECOND) | 1))
    assert session.time.offset == 0


def test_time_learned_from_a_refusal_may_go_back():
    session, _, clock = session_and_peer()
    before = session.next_id()
    session.set_time(int((clock.now() - 500) * SECOND) | 1)
    assert before - session.next_id() == pytest.approx(500 * SECOND, abs=16)


def test_ids_are_remembered_up_to_a_number_and_older_ones_refused():
    seen = Seen(most=3)
    assert all(seen.add(each) for each in (10, 30, 20))
    assert not seen.add(5)
    assert not any(seen.add(each) for each in (10, 20, 30))
    assert seen.add(40)
    assert 10 not in seen
    assert not seen.add(10)
    assert seen.add(25)
    assert [each in seen for each in (20, 25, 30, 40)] == [False, True, True, True]


def test_a_packet_is_opened_where_it_lies():
    session, peer, _ = session_and_peer()
    packet = peer.says(PONG)
    (message,) = session.open(packet)
    assert message.body.obj is packet.obj


def test_random_plaintext_is_refused():
    session, _, _ = session_and_peer()
    sealed = plaintext(123456789, 1, b"nonsense")
    with pytest.raises(MalformedError):
        session.open(memoryview(ENVELOPE + sealed))
