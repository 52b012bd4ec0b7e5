"""Requests and their answers, and what both sides say about messages. No I/O, no clock.

    ask ──> waiting ──packet──> pending ──received──> Answer or Refusal
               ^                   |  |
               +──── refused ──────+  +── withdraw: rpc_drop_answer goes out,
            (salt, time, seqno, session)            an answer that comes all the same is waste

A request is numbered when it is put into a packet, not before: so one that is withdrawn while it
waits leaves no trace, and ids rise in the order of sending. All that waits goes out in one packet,
acknowledgements and dropped answers with it; who calls `packet` decides when.

The server may refuse messages for reasons that are ours to mend: a salt that has changed, a clock
that is wrong, a sequence number [/mtproto/service_messages_about_messages]. Then they are sent
again, and as `packet` gives them new ids nothing is ever counted twice. A refusal may name a whole
packet, so the last packets are remembered by what was in them.
"""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.mtproto.session import Session
from telpher.telegram.mtproto.unpack import Message, inflate

_Caller = TypeVar("_Caller")

# Answers that may be unacknowledged before the acknowledgements go out by themselves. The server
# keeps an answer until then: up to 16 MiB of chunks, which is what may be in flight.
MOST_UNACKNOWLEDGED: Final = 16

# Messages in a packet; the server takes about ten times as many.
_MOST_TOGETHER: Final = 100

# Acknowledgements in one message; the specification's most is 8,192.
_MOST_ACKNOWLEDGED: Final = 1000

# Packets remembered for a refusal, which comes within a round trip.
_REMEMBERED: Final = 64

# How often one request goes out before its refusals count as for good. Salt, time and sequence
# number may each be wrong once.
_MOST_SENDINGS: Final = 5

_HEAD: Final = struct.Struct("<qii")  # of a message in a container
_CONTAINER: Final = struct.Struct("<II")
_INVOKE_AFTER: Final = struct.Struct("<Iq")
_LONG: Final = struct.Struct("<q")
_TWO_LONGS: Final = struct.Struct("<qq")
_THREE_LONGS: Final = struct.Struct("<qqq")
_BAD_MESSAGE: Final = struct.Struct("<qii")
_BAD_SALT: Final = struct.Struct("<qiiq")
_INT: Final = struct.Struct("<i")
_BODY: Final = 4  # behind a constructor
_RESULT: Final = 12  # behind rpc_result's constructor and the request's id

_ID_TOO_LOW: Final = 16
_ID_TOO_HIGH: Final = 17
_TOO_OLD: Final = 20
_SEQNO_TOO_LOW: Final = 32
_SEQNO_TOO_HIGH: Final = 33

# How far the count moves then: beyond whatever it may be wrong by, as the client library does.
_SEQNO_UP: Final = 64
_SEQNO_DOWN: Final = -16

_ABOUT_DROPS: Final = frozenset(
    {schema.RPC_ANSWER_UNKNOWN, schema.RPC_ANSWER_DROPPED_RUNNING, schema.RPC_ANSWER_DROPPED}
)

# In msgs_state_info: received, and nothing known.
_RECEIVED: Final = 4
_UNKNOWN: Final = 1


@dataclass(eq=False, slots=True)
class Request(Generic[_Caller]):
    """Something asked; `msg_id` is 0 until it is in a packet, and changes when sent again.

    The server carries it out when it has carried out `after` (invokeAfterMsg, /api/invoking).
    """

    body: bytes
    caller: _Caller
    after: Request[_Caller] | None = None
    content_related: bool = True
    msg_id: int = 0
    sendings: int = 0


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Caller]):
    """The result of a request, a view of the packet it came in."""

    request: Request[_Caller]
    body: memoryview


@dataclass(frozen=True, slots=True)
class Refusal(Generic[_Caller]):
    """rpc_error in answer to a request."""

    request: Request[_Caller]
    code: int
    name: str


@dataclass(frozen=True, slots=True)
class _Note:
    """Something said without waiting for an answer."""

    body: bytes
    content_related: bool = False


@dataclass(slots=True)
class _Packet:
    """What went out together. Requests by their ids only: whoever asked may keep the answer in
    `caller`, and with it the memory of a packet of theirs."""

    acknowledged: list[int]
    notes: list[_Note]
    requests: list[int]


Event = Answer[_Caller] | Refusal[_Caller]


class Conversation(Generic[_Caller]):
    """What is said on one connection. `wasted` counts bytes of answers that nobody waited for."""

    def __init__(self, session: Session) -> None:
        self.wasted = 0
        self._session = session
        self._waiting: deque[Request[_Caller]] = deque()
        self._notes: deque[_Note] = deque()
        self._pending: dict[int, Request[_Caller]] = {}
        self._packets: OrderedDict[int, _Packet] = OrderedDict()
        self._handlers: dict[int, Callable[[Message], Event[_Caller] | None]] = {
            schema.RPC_RESULT: self._result,
            schema.PONG: self._pong,
            schema.BAD_SERVER_SALT: self._bad_salt,
            schema.BAD_MSG_NOTIFICATION: self._bad_message,
            schema.NEW_SESSION_CREATED: self._new_session,
            schema.MSG_DETAILED_INFO: self._detailed_info,
            schema.MSG_NEW_DETAILED_INFO: self._new_detailed_info,
            schema.MSGS_STATE_REQ: self._state_request,
            schema.MSG_RESEND_REQ: self._resend_request,
        }

    @property
    def due(self) -> bool:
        """Whether something waits to be sent now."""
        unacknowledged = len(self._session.unacknowledged)
        return bool(self._waiting or self._notes or unacknowledged >= MOST_UNACKNOWLEDGED)

    @property
    def owes_acknowledgement(self) -> bool:
        """Whether something waits that may go out a little later."""
        return bool(self._session.unacknowledged)

    @property
    def unanswered(self) -> int:
        """Requests that wait for an answer, or to be sent."""
        return len(self._waiting) + len(self._pending)

    @property
    def unsent(self) -> list[Request[_Caller]]:
        """Requests that wait to be sent."""
        return list(self._waiting)

    # What we say.

    def ask(
        self, body: bytes, caller: _Caller, after: Request[_Caller] | None = None
    ) -> Request[_Caller]:
        """Queues a request."""
        request = Request(body, caller, after)
        self._waiting.append(request)
        return request

    def ping(self, ping_id: int, caller: _Caller) -> Request[_Caller]:
        """Queues a ping, whose answer is an empty one."""
        body = struct.pack("<Iq", schema.PING, ping_id)
        request = Request(body, caller, content_related=False)
        self._waiting.append(request)
        return request

    def withdraw(self, request: Request[_Caller]) -> None:
        """Nobody waits for the answer any more; no error when it is there already."""
        if self._pending.get(request.msg_id) is request:
            del self._pending[request.msg_id]
            if request.content_related:
                body = struct.pack("<Iq", schema.RPC_DROP_ANSWER, request.msg_id)
                self._notes.append(_Note(body, content_related=True))
        elif request in self._waiting:
            self._waiting.remove(request)

    def withdraw_all(self) -> list[Request[_Caller]]:
        """Takes out every request, the connection being lost."""
        requests = [*self._pending.values(), *self._waiting]
        self._pending.clear()
        self._waiting.clear()
        return requests

    def packet(self, only: Request[_Caller] | None = None) -> bytes | None:
        """The plaintext of the next packet; None when nothing waits.

        With `only`, a request that waits, a packet of its own, and what it comes after.
        """
        if only is not None:
            first = [only.after] if only.after is not None and only.after in self._waiting else []
            for request in (*first, only):
                self._waiting.remove(request)
            return self._sealed([], [], [*first, only])
        session = self._session
        acknowledged = session.unacknowledged[:_MOST_ACKNOWLEDGED]
        del session.unacknowledged[:_MOST_ACKNOWLEDGED]
        notes = _taken(self._notes, _MOST_TOGETHER)
        return self._sealed(acknowledged, notes, _taken(self._waiting, _MOST_TOGETHER))

    def _sealed(
        self, acknowledged: list[int], notes: list[_Note], requests: list[Request[_Caller]]
    ) -> bytes | None:
        messages: list[tuple[int, int, bytes]] = []
        if acknowledged:
            body = schema.vector_of_longs(schema.MSGS_ACK, acknowledged)
            messages.append(self._number(_Note(body)))
        messages += [self._number(note) for note in notes]
        messages += [self._number_request(request) for request in requests]
        if not messages:
            return None
        msg_id, seqno, body = messages[0] if len(messages) == 1 else self._contain(messages)
        self._packets[msg_id] = _Packet(acknowledged, notes, [each.msg_id for each in requests])
        if len(self._packets) > _REMEMBERED:
            self._packets.popitem(last=False)
        return self._session.seal(msg_id, seqno, body)

    def _number_request(self, request: Request[_Caller]) -> tuple[int, int, bytes]:
        """From here on it is pending."""
        numbered = self._number(request)
        request.msg_id = numbered[0]
        request.sendings += 1
        self._pending[request.msg_id] = request
        return numbered

    def _number(self, said: _Note | Request[_Caller]) -> tuple[int, int, bytes]:
        seqno = self._session.next_seqno(content_related=said.content_related)
        body = said.body
        if isinstance(said, Request) and said.after is not None:
            body = _INVOKE_AFTER.pack(schema.INVOKE_AFTER_MSG, said.after.msg_id) + body
        return self._session.next_id(), seqno, body

    def _contain(self, messages: list[tuple[int, int, bytes]]) -> tuple[int, int, bytes]:
        parts = [_CONTAINER.pack(schema.MSG_CONTAINER, len(messages))]
        for msg_id, seqno, body in messages:
            parts += (_HEAD.pack(msg_id, seqno, len(body)), body)
        seqno = self._session.next_seqno(content_related=False)
        return self._session.next_id(), seqno, b"".join(parts)

    # What we are told.

    def received(self, packet: memoryview) -> Iterator[Event[_Caller]]:
        """What a decrypted packet says to those who wait, one by one.

        Raises MalformedError when the connection cannot go on, also after some events; requests
        whose event has not come are still there then.
        """
        for message in self._session.open(packet):
            handler = self._handlers.get(message.kind)
            event = handler(message) if handler is not None else None
            if event is not None:
                yield event

    def _result(self, message: Message) -> Event[_Caller] | None:
        (msg_id,) = schema.unpack(_LONG, message.body, _BODY)
        result = message.body[_RESULT:]
        request = self._pending.get(msg_id)
        if request is None:
            if schema.constructor(result) not in _ABOUT_DROPS:
                self.wasted += len(result)
            return None
        event = _event(request, result)
        del self._pending[msg_id]
        return event

    def _pong(self, message: Message) -> Event[_Caller] | None:
        msg_id, _ = schema.unpack(_TWO_LONGS, message.body, _BODY)
        request = self._pending.pop(msg_id, None)
        return None if request is None else Answer(request, message.body[:0])

    def _bad_salt(self, message: Message) -> None:
        msg_id, _, _, self._session.salt = schema.unpack(_BAD_SALT, message.body, _BODY)
        self._send_again(msg_id)

    def _bad_message(self, message: Message) -> None:
        msg_id, _, code = schema.unpack(_BAD_MESSAGE, message.body, _BODY)
        if code in (_ID_TOO_LOW, _ID_TOO_HIGH):
            self._session.set_time(message.msg_id)
        elif code == _SEQNO_TOO_LOW:
            self._session.shift_seqno(_SEQNO_UP)
        elif code == _SEQNO_TOO_HIGH:
            self._session.shift_seqno(_SEQNO_DOWN)
        elif code != _TOO_OLD:
            raise MalformedError(f"the server refuses our messages: {code}")
        self._send_again(msg_id)

    def _new_session(self, message: Message) -> None:
        """The server knows nothing of what was sent before `first`."""
        first, _, self._session.salt = schema.unpack(_THREE_LONGS, message.body, _BODY)
        self._queue_again([each for each in self._pending if each < first])

    def _detailed_info(self, message: Message) -> None:
        msg_id, answer_id = schema.unpack(_TWO_LONGS, message.body, _BODY)
        if msg_id in self._pending and not self._session.has_received(answer_id):
            body = schema.vector_of_longs(schema.MSG_RESEND_REQ, [answer_id])
            self._notes.append(_Note(body))
        else:
            self._session.unacknowledged.append(answer_id)

    def _new_detailed_info(self, message: Message) -> None:
        (answer_id,) = schema.unpack(_LONG, message.body, _BODY)
        self._session.unacknowledged.append(answer_id)

    def _state_request(self, message: Message) -> None:
        received = map(self._session.has_received, schema.longs(message.body, _BODY))
        info = bytes(_RECEIVED if each else _UNKNOWN for each in received)
        head = struct.pack("<Iq", schema.MSGS_STATE_INFO, message.msg_id)
        self._notes.append(_Note(head + schema.serialised(info)))

    def _resend_request(self, message: Message) -> None:
        self._queue_again(schema.longs(message.body, _BODY))

    # Sending again.

    def _send_again(self, msg_id: int) -> None:
        """A packet, or one request, was not taken."""
        packet = self._packets.pop(msg_id, None) or _Packet([], [], [msg_id])
        self._session.unacknowledged += packet.acknowledged
        self._notes.extend(packet.notes)
        self._queue_again(packet.requests)

    def _queue_again(self, msg_ids: Iterable[int]) -> None:
        """Those of them that still wait for an answer."""
        again = [self._pending[each] for each in msg_ids if each in self._pending]
        for request in again:
            if request.sendings >= _MOST_SENDINGS:
                raise MalformedError("the server keeps refusing a request")
            del self._pending[request.msg_id]
        self._waiting.extendleft(reversed(again))


def _event(request: Request[_Caller], result: memoryview) -> Event[_Caller]:
    kind = schema.constructor(result)
    if kind == schema.GZIP_PACKED:
        result = inflate(result)
        kind = schema.constructor(result)
    if kind != schema.RPC_ERROR:
        return Answer(request, result)
    (code,) = schema.unpack(_INT, result, _BODY)
    name = bytes(schema.byte_string(result, _BODY + _INT.size))
    return Refusal(request, code, name.decode(errors="replace"))


_Item = TypeVar("_Item")


def _taken(queue: deque[_Item], most: int) -> list[_Item]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]
