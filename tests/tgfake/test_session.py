"""The rules for messages and the bookkeeping behind them."""

import struct

import pytest

from tgfake.authkeys import AuthKey
from tgfake.session import (
    BadMessage,
    Message,
    ProtocolError,
    Session,
    check_time,
    flatten,
    seal,
    unseal,
)
from tgfake.tl import MSG_CONTAINER

NOW = 1_700_000_000.0
NOW_ID = int(NOW) << 32
DC = 2
SECONDS = 30


@pytest.fixture
def session():
    return Session(AuthKey(bytes(256), DC, 0, NOW), 1)


def test_server_ids_are_odd_and_rise(session):
    ids = [session.next_id(NOW, response=bool(n % 2)) for n in range(100)]
    assert ids == sorted(set(ids))
    assert {i % 4 for i in ids[1::2]} == {1}
    assert {i % 4 for i in ids[::2]} == {3}
    assert abs(ids[0] / 2**32 - NOW) < 1


def test_sequence_numbers_count_content(session):
    numbers = [session.next_seqno(content=c) for c in (False, True, False, True, True)]
    assert numbers == [0, 1, 2, 3, 5]


@pytest.mark.parametrize(
    ("msg_id", "code"),
    [
        (NOW_ID - (301 << 32), 16),
        (NOW_ID + (31 << 32), 17),
        (NOW_ID + 1, 18),
        (NOW_ID + 2, 18),
    ],
)
def test_ids_of_another_time_or_form(msg_id, code):
    with pytest.raises(BadMessage) as caught:
        check_time(msg_id, NOW)
    assert caught.value.code == code
    check_time(NOW_ID - (299 << 32), NOW)
    check_time(NOW_ID + (29 << 32), NOW)


def test_repeats_and_disorder(session):
    assert session.admit(Message(NOW_ID, 5, b""))
    assert not session.admit(Message(NOW_ID, 5, b""))
    assert session.admit(Message(NOW_ID - 4, 3, b""))
    for msg_id, seqno, code in [(NOW_ID + 4, 3, 32), (NOW_ID - 8, 7, 33)]:
        with pytest.raises(BadMessage) as caught:
            session.admit(Message(msg_id, seqno, b""))
        assert caught.value.code == code


def test_memory_of_ids_is_bounded(session):
    for n in range(5000):
        session.admit(Message(NOW_ID + 4 * n, 2 * n + 1, b""))
    assert len(session._seen) < 2100
    with pytest.raises(BadMessage) as caught:
        session.admit(Message(NOW_ID, 1, b""))
    assert caught.value.code == 20
    assert session.state_of(NOW_ID, NOW) == 1
    assert session.state_of(NOW_ID + 4 * 4999, NOW) & 4
    assert session.state_of(NOW_ID + 4 * 6000, NOW) == 2
    assert session.state_of(NOW_ID + (60 << 32), NOW) == 3


def test_what_is_sealed_can_be_unsealed():
    message = Message(NOW_ID, 1, b"abcd" * 3)
    plain = seal(5, -6, message) + bytes(16)
    assert unseal(plain) == (5, -6, message)
    for wrong in (plain[:20], plain[:-16], plain + bytes(1040)):
        with pytest.raises(ProtocolError):
            unseal(wrong)


def container(*messages: Message, count: int | None = None) -> Message:
    body = struct.pack("<Ii", MSG_CONTAINER, len(messages) if count is None else count)
    for m in messages:
        body += struct.pack("<qii", m.msg_id, m.seqno, len(m.body)) + m.body
    return Message(NOW_ID, 2, body)


def test_containers_are_opened():
    inner = [Message(NOW_ID - 8, 1, b"abcd"), Message(NOW_ID - 4, 3, b"efghijkl")]
    assert flatten(container(*inner)) == inner
    assert flatten(inner[0]) == [inner[0]]


@pytest.mark.parametrize(
    "wrong",
    [
        container(Message(NOW_ID + 4, 1, b"abcd")),
        container(Message(NOW_ID - 4, 1, b"abcd"), count=2),
        container(count=-1),
        container(Message(NOW_ID - 4, 1, container().body)),
        container(Message(NOW_ID - 4, 1, b"")),
        Message(NOW_ID, 2, struct.pack("<I", MSG_CONTAINER)),
    ],
)
def test_containers_that_are_none(wrong):
    with pytest.raises(BadMessage) as caught:
        flatten(wrong)
    assert caught.value.code == 64
