"""Conversations written down: what is asked, what the server says, what goes out next."""

import contextlib
import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import functions, types

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.conversation import Answer, Conversation
from telpher.telegram.mtproto.schema import MalformedError
from tests.telegram.mtproto.peer import (
    Packet,
    container,
    rpc_error,
    rpc_result,
    session_and_peer,
    understood,
)

FILE = struct.pack("<I", schema.UPLOAD_FILE) + bytes(400)


class Talk:
    """One conversation and its server; callers are letters."""

    def __init__(self) -> None:
        self.session, self.peer, self.clock = session_and_peer()
        self.subject: Conversation[str] = Conversation(self.session)

    def ask(self, *callers: str):
        return [self.subject.ask(f"{each:4}".encode(), each) for each in callers]

    def sent(self) -> Packet:
        """The next packet; there must be one."""
        packet = self.subject.packet()
        assert packet is not None
        return understood(packet)

    def nothing_to_send(self) -> bool:
        return self.subject.packet() is None

    def asked(self) -> list[str]:
        """Who is asked for in the next packet."""
        return [each.body.decode().strip() for each in self.sent().messages]

    def hear(self, body, **other):
        """(caller, answer) of all events of a packet that says `body`, a TLObject or bytes."""
        said = body if isinstance(body, bytes) else bytes(body)
        events = self.subject.received(self.peer.says(said, **other))
        return [
            (each.request.caller, bytes(each.body))
            if isinstance(each, Answer)
            else (each.request.caller, each.code, each.name)
            for each in events
        ]


@pytest.fixture
def talk() -> Talk:
    return Talk()


def said(packet: Packet) -> list[type]:
    return [type(each.said) for each in packet.messages]


def test_one_request_is_a_packet_of_its_own(talk):
    (request,) = talk.ask("a")
    packet = talk.sent()
    assert (packet.outer.msg_id, packet.outer.seqno) == (request.msg_id, 1)
    assert packet.outer.body == b"a   "
    assert packet.salt == 7
    assert talk.nothing_to_send()


def test_what_waits_shares_a_packet(talk):
    requests = talk.ask("a", "b", "c")
    packet = talk.sent()
    assert [each.body for each in packet.messages] == [b"a   ", b"b   ", b"c   "]
    assert [each.msg_id for each in packet.messages] == [each.msg_id for each in requests]
    assert [each.seqno for each in packet.messages] == [1, 3, 5]
    assert packet.outer.msg_id > requests[-1].msg_id
    assert packet.outer.seqno == 6
    assert talk.nothing_to_send()


def test_more_than_a_packet_may_hold_goes_out_in_several(talk):
    talk.ask(*(str(number) for number in range(250)))
    sizes = [len(talk.sent().messages) for _ in range(3)]
    assert sizes == [100, 100, 50]
    assert talk.nothing_to_send()


def test_an_urgent_request_overtakes_in_a_packet_of_its_own(talk):
    talk.ask("a", "b")
    (urgent,) = talk.ask("u")
    packet = understood(talk.subject.packet(only=urgent))
    assert packet.outer.body == b"u   "
    assert talk.asked() == ["a", "b"]


def after(msg_id: int, body: bytes) -> bytes:
    """invokeAfterMsg, whose query comes last."""
    return struct.pack("<Iq", schema.INVOKE_AFTER_MSG, msg_id) + body


def test_a_request_may_come_after_another(talk):
    (first,) = talk.ask("a")
    talk.subject.ask(b"b   ", "b", first)
    packet = talk.sent()
    assert [each.body for each in packet.messages] == [b"a   ", after(first.msg_id, b"b   ")]
    talk.subject.ask(b"c   ", "c", first)
    assert talk.sent().outer.body == after(first.msg_id, b"c   ")


def test_an_urgent_one_takes_what_it_comes_after_with_it(talk):
    talk.ask("x")
    (first,) = talk.ask("a")
    urgent = talk.subject.ask(b"u   ", "u", first)
    packet = understood(talk.subject.packet(only=urgent))
    assert [each.body for each in packet.messages] == [b"a   ", after(first.msg_id, b"u   ")]
    assert talk.asked() == ["x"]


def test_sent_again_it_comes_after_the_new_id(talk):
    (first,) = talk.ask("a")
    talk.subject.ask(b"b   ", "b", first)
    outer = talk.sent().outer
    before = first.msg_id
    talk.hear(types.BadServerSalt(outer.msg_id, outer.seqno, 48, 99))
    messages = talk.sent().messages[-2:]
    assert first.msg_id != before
    assert [each.body for each in messages] == [b"a   ", after(first.msg_id, b"b   ")]


def test_answers_reach_who_asked_in_any_order(talk):
    first, second = talk.ask("a", "b")
    talk.sent()
    assert talk.subject.unanswered == 2
    assert talk.hear(rpc_result(second.msg_id, FILE)) == [("b", FILE)]
    assert talk.hear(rpc_result(first.msg_id, FILE)) == [("a", FILE)]
    assert talk.subject.unanswered == 0


def test_answers_in_a_container(talk):
    first, second = talk.ask("a", "b")
    talk.sent()
    ids = [talk.peer.next_id() for _ in "12"]
    body = container(
        (ids[0], 1, rpc_result(first.msg_id, FILE)), (ids[1], 3, rpc_result(second.msg_id, FILE))
    )
    assert talk.hear(body, seqno=4) == [("a", FILE), ("b", FILE)]
    assert talk.session.unacknowledged == ids


def test_a_refusal(talk):
    (request,) = talk.ask("a")
    talk.sent()
    error = rpc_error(420, b"FLOOD_WAIT_5")
    assert talk.hear(rpc_result(request.msg_id, error)) == [("a", 420, "FLOOD_WAIT_5")]


@pytest.mark.parametrize(
    ("plain", "event"),
    [(FILE, ("a", FILE)), (rpc_error(400, b"LIMIT_INVALID"), ("a", 400, "LIMIT_INVALID"))],
)
def test_a_compressed_result(talk, plain, event):
    (request,) = talk.ask("a")
    talk.sent()
    packed = struct.pack("<I", schema.GZIP_PACKED) + schema.serialised(gzip.compress(plain))
    assert talk.hear(rpc_result(request.msg_id, packed)) == [event]


def test_an_answer_is_a_view_of_its_packet(talk):
    (request,) = talk.ask("a")
    talk.sent()
    packet = talk.peer.says(rpc_result(request.msg_id, FILE))
    (event,) = list(talk.subject.received(packet))
    assert isinstance(event, Answer)
    assert event.body.obj is packet.obj


def test_a_second_answer_is_waste(talk):
    (request,) = talk.ask("a")
    talk.sent()
    talk.hear(rpc_result(request.msg_id, FILE))
    assert talk.hear(rpc_result(request.msg_id, FILE)) == []
    assert talk.subject.wasted == len(FILE)


# Acknowledgements.


def test_acknowledgements_ride_along(talk):
    (request,) = talk.ask("a")
    talk.sent()
    answer = talk.peer.next_id()
    talk.hear(rpc_result(request.msg_id, FILE), msg_id=answer)
    assert not talk.subject.due
    assert talk.subject.owes_acknowledgement
    talk.ask("b")
    packet = talk.sent()
    assert packet.messages[0].said.msg_ids == [answer]
    assert packet.messages[0].seqno == 2
    assert packet.messages[1].body == b"b   "
    assert not talk.subject.owes_acknowledgement


def test_many_acknowledgements_go_out_by_themselves(talk):
    requests = talk.ask(*"abcdefghijklmnop")
    talk.sent()
    for request in requests[:-1]:
        talk.hear(rpc_result(request.msg_id, FILE))
        assert not talk.subject.due
    talk.hear(rpc_result(requests[-1].msg_id, FILE))
    assert talk.subject.due
    assert len(talk.sent().outer.said.msg_ids) == 16


def test_acknowledgements_without_end_are_spread_over_packets(talk):
    talk.session.unacknowledged += range(2500)
    counts = []
    while talk.subject.owes_acknowledgement:
        counts.append(len(talk.sent().outer.said.msg_ids))
    assert counts == [1000, 1000, 500]


# Withdrawing.


def test_what_is_withdrawn_unsent_leaves_no_trace(talk):
    first, _second = talk.ask("a", "b")
    talk.subject.withdraw(first)
    assert talk.asked() == ["b"]
    talk.subject.withdraw(first)
    assert talk.nothing_to_send()


def test_what_is_withdrawn_in_flight_is_dropped_in_one_packet(talk):
    requests = talk.ask("a", "b", "c")
    talk.sent()
    for request in requests[:2]:
        talk.subject.withdraw(request)
    assert talk.subject.due
    packet = talk.sent()
    assert said(packet) == [functions.RpcDropAnswerRequest] * 2
    assert [each.said.req_msg_id for each in packet.messages] == [
        request.msg_id for request in requests[:2]
    ]
    assert [each.seqno % 2 for each in packet.messages] == [1, 1]
    assert talk.subject.unanswered == 1


def test_an_answer_to_what_was_dropped_is_waste_and_nothing_else(talk):
    (request,) = talk.ask("a")
    talk.sent()
    talk.subject.withdraw(request)
    assert talk.hear(rpc_result(request.msg_id, FILE)) == []
    assert talk.subject.wasted == len(FILE)


@pytest.mark.parametrize(
    "told",
    [types.RpcAnswerUnknown(), types.RpcAnswerDroppedRunning(), types.RpcAnswerDropped(1, 1, 9)],
)
def test_what_is_said_about_a_drop_is_no_waste(talk, told):
    (request,) = talk.ask("a")
    talk.sent()
    talk.subject.withdraw(request)
    drop = talk.sent().outer.msg_id
    for msg_id in (drop, request.msg_id):
        assert talk.hear(rpc_result(msg_id, bytes(told))) == []
    assert talk.subject.wasted == 0


def test_withdrawing_what_is_answered_does_nothing(talk):
    (request,) = talk.ask("a")
    talk.sent()
    talk.hear(rpc_result(request.msg_id, FILE))
    talk.subject.withdraw(request)
    assert not talk.subject.due


def test_all_are_taken_out_when_the_connection_is_lost(talk):
    talk.ask("a", "b")
    talk.sent()
    talk.ask("c")
    assert [each.caller for each in talk.subject.withdraw_all()] == ["a", "b", "c"]
    assert talk.nothing_to_send()
    assert talk.subject.unanswered == 0


# Pings.


def test_a_pong_answers_its_ping(talk):
    talk.subject.ping(99, "p")
    packet = talk.sent()
    assert packet.outer.said.ping_id == 99
    assert packet.outer.seqno == 0
    assert talk.hear(types.Pong(packet.outer.msg_id, 99)) == [("p", b"")]
    assert talk.hear(types.Pong(packet.outer.msg_id, 99)) == []


def test_a_ping_withdrawn_is_just_forgotten(talk):
    request = talk.subject.ping(99, "p")
    msg_id = talk.sent().outer.msg_id
    talk.subject.withdraw(request)
    assert not talk.subject.due
    assert talk.hear(types.Pong(msg_id, 99)) == []


# Refused and sent again.


def test_a_new_salt_is_used_for_what_is_sent_again(talk):
    (request,) = talk.ask("a")
    first = talk.sent().outer.msg_id
    assert talk.hear(types.BadServerSalt(first, 1, 48, 1234), seqno=0) == []
    packet = talk.sent()
    assert packet.salt == 1234
    assert packet.outer.body == b"a   "
    assert packet.outer.msg_id > first
    assert talk.hear(rpc_result(request.msg_id, FILE)) == [("a", FILE)]


def test_a_refused_container_is_sent_again_whole(talk):
    (old,) = talk.ask("x")
    talk.sent()
    answer = talk.peer.next_id()
    talk.hear(rpc_result(old.msg_id, FILE), msg_id=answer)
    (dropped,) = talk.ask("d")
    talk.sent()
    talk.subject.withdraw(dropped)
    talk.ask("a", "b")
    refused = talk.sent()
    assert len(refused.messages) == 3  # drop, a, b; the acknowledgement went with d
    talk.hear(types.BadServerSalt(refused.outer.msg_id, 1, 48, 1234), seqno=0)
    again = talk.sent()
    assert isinstance(again.messages[0].said, functions.RpcDropAnswerRequest)
    assert [each.body for each in again.messages[1:]] == [b"a   ", b"b   "]


def test_acknowledgements_of_a_refused_packet_are_given_again(talk):
    (old,) = talk.ask("x")
    talk.sent()
    answer = talk.peer.next_id()
    talk.hear(rpc_result(old.msg_id, FILE), msg_id=answer)
    talk.ask("a")
    refused = talk.sent()
    talk.hear(types.BadServerSalt(refused.outer.msg_id, 1, 48, 1234), seqno=0)
    assert talk.sent().messages[0].said.msg_ids == [answer]


def test_what_was_answered_or_dropped_meanwhile_is_not_sent_again(talk):
    first, second, _third = talk.ask("a", "b", "c")
    refused = talk.sent()
    talk.hear(rpc_result(first.msg_id, FILE), seqno=2)
    talk.subject.withdraw(second)
    talk.sent()
    talk.hear(types.BadServerSalt(refused.outer.msg_id, 1, 48, 1234), seqno=0)
    assert talk.asked() == ["c"]


def test_one_request_of_a_container_may_be_refused(talk):
    _first, second, _third = talk.ask("a", "b", "c")
    talk.sent()
    talk.hear(types.BadMsgNotification(second.msg_id, 3, 33), seqno=0)
    assert talk.asked() == ["b"]


@pytest.mark.parametrize(("code", "wrong"), [(16, -1000), (17, 1000)])
def test_a_refused_time_is_corrected_by_the_refusal(talk, code, wrong):
    (request,) = talk.ask("a")
    talk.clock.advance(wrong)
    first = talk.sent().outer.msg_id
    talk.clock.advance(-wrong)
    told = talk.peer.next_id()
    talk.clock.advance(wrong)
    talk.hear(types.BadMsgNotification(first, 1, code), seqno=0, msg_id=told)
    again = talk.sent().outer.msg_id
    assert again / (1 << 32) == pytest.approx(told / (1 << 32), abs=1)
    assert request.msg_id == again


@pytest.mark.parametrize(("code", "least", "most"), [(32, 100, 200), (33, 1, 3), (20, 3, 3)])
def test_a_refused_sequence_number_is_moved(talk, code, least, most):
    talk.ask("a")
    first = talk.sent().outer.msg_id
    talk.hear(types.BadMsgNotification(first, 1, code), seqno=0)
    assert least <= talk.sent().outer.seqno <= most


@pytest.mark.parametrize("code", [18, 19, 34, 35, 64, 99])
def test_refusals_that_are_our_fault_end_it(talk, code):
    talk.ask("a")
    first = talk.sent().outer.msg_id
    with pytest.raises(MalformedError, match=str(code)):
        talk.hear(types.BadMsgNotification(first, 1, code), seqno=0)


def test_a_request_is_not_sent_for_ever(talk):
    talk.ask("a")
    for _ in range(4):
        talk.hear(types.BadServerSalt(talk.sent().outer.msg_id, 1, 48, 1), seqno=0)
    last = talk.sent().outer.msg_id
    with pytest.raises(MalformedError, match="refusing"):
        talk.hear(types.BadServerSalt(last, 1, 48, 1), seqno=0)


def test_a_refusal_of_something_unknown_does_nothing(talk):
    talk.hear(types.BadServerSalt(4, 1, 48, 1234), seqno=0)
    assert talk.nothing_to_send()
    assert talk.session.salt == 1234


def test_a_new_session_has_not_seen_what_was_before_it(talk):
    talk.ask("a")
    talk.sent()
    (second,) = talk.ask("b")
    talk.sent()
    talk.hear(types.NewSessionCreated(second.msg_id, 1, 1234))
    assert talk.session.salt == 1234
    again = talk.sent()
    assert again.messages[-1].body == b"a   "
    assert again.salt == 1234


# What else the server says.


def test_detailed_info_has_the_answer_sent_again(talk):
    (request,) = talk.ask("a")
    talk.sent()
    talk.hear(types.MsgDetailedInfo(request.msg_id, 1001, 5, 0), seqno=0)
    packet = talk.sent()
    assert isinstance(packet.outer.said, types.MsgResendReq)
    assert packet.outer.said.msg_ids == [1001]


@pytest.mark.parametrize(
    "told", [types.MsgDetailedInfo(4, 1001, 5, 0), types.MsgNewDetailedInfo(1001, 5, 0)]
)
def test_detailed_info_of_what_nobody_waits_for_is_acknowledged(talk, told):
    talk.hear(told, seqno=0)
    assert talk.session.unacknowledged == [1001]


def test_the_state_of_messages(talk):
    known = talk.peer.next_id()
    talk.hear(types.Pong(1, 2), msg_id=known)
    asked = talk.peer.next_id()
    talk.hear(types.MsgsStateReq([known, 5]), msg_id=asked)
    info = talk.sent().messages[-1].said
    assert isinstance(info, types.MsgsStateInfo)
    assert (info.req_msg_id, info.info) == (asked, "\x04\x01")


def test_a_message_wanted_again_is_sent_again(talk):
    first, _second = talk.ask("a", "b")
    talk.sent()
    talk.hear(types.MsgResendReq([first.msg_id, 5]), seqno=0)
    assert talk.asked() == ["a"]


@pytest.mark.parametrize(
    "told",
    [types.MsgsAck([4]), types.UpdatesTooLong(), types.FutureSalts(1, 2, []), b"what?"],
)
def test_what_needs_no_action_is_only_acknowledged(talk, told):
    body = told if isinstance(told, bytes) else bytes(told)
    assert talk.hear(body.ljust(-(-len(body) // 4) * 4, b"\0")) == []
    assert not talk.subject.due
    assert len(talk.session.unacknowledged) == 1


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<I", schema.RPC_RESULT),
        struct.pack("<Iq", schema.RPC_RESULT, 1),
        struct.pack("<I", schema.PONG),
        struct.pack("<Iq", schema.BAD_SERVER_SALT, 1),
        struct.pack("<Iq", schema.BAD_MSG_NOTIFICATION, 1),
        struct.pack("<Iq", schema.NEW_SESSION_CREATED, 1),
        struct.pack("<Iq", schema.MSG_DETAILED_INFO, 1),
        struct.pack("<I", schema.MSG_NEW_DETAILED_INFO),
        struct.pack("<III", schema.MSGS_STATE_REQ, schema.VECTOR, 1000),
        struct.pack("<II", schema.MSG_RESEND_REQ, 0),
    ],
)
def test_truncated_messages_end_it(talk, body):
    with pytest.raises(MalformedError):
        talk.hear(body)


def test_a_truncated_error_ends_it_for_all_who_wait(talk):
    request, other = talk.ask("a", "b")
    talk.sent()
    with pytest.raises(MalformedError):
        talk.hear(rpc_result(request.msg_id, struct.pack("<II", schema.RPC_ERROR, 400)))
    assert talk.subject.withdraw_all() == [request, other]


def test_what_came_before_the_end_counts(talk):
    first, second = talk.ask("a", "b")
    talk.sent()
    body = container(
        (talk.peer.next_id(), 1, rpc_result(first.msg_id, FILE)),
        (talk.peer.next_id(), 3, struct.pack("<I", schema.PONG)),
    )
    events = talk.subject.received(talk.peer.says(body, seqno=4))
    assert next(events).request is first
    with pytest.raises(MalformedError):
        next(events)
    assert talk.subject.withdraw_all() == [second]


KINDS = [getattr(schema, name) for name in dir(schema) if name.isupper() and len(name) > 3]


@given(kind=st.sampled_from([each for each in KINDS if isinstance(each, int)]), rest=st.binary())
def test_whatever_comes_it_is_understood_or_refused(kind, rest):
    talk = Talk()
    talk.ask("a", "b")
    talk.sent()
    body = struct.pack("<I", kind) + rest
    with contextlib.suppress(MalformedError):
        talk.hear(body + bytes(-len(body) % 4))
    talk.subject.packet()
