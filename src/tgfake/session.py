"""What the server remembers of one session, and its rules for messages.

A session is a 64-bit number that a client makes up, under one authorisation key; it outlives TCP
connections. Each message in it has an id (the sender's time in units of 2**-32 seconds, a multiple
of four from clients, odd from servers) and a sequence number (twice the count of content-related
messages before it, plus one if it is content-related itself). What breaks the rules is answered
with bad_msg_notification: https://core.telegram.org/mtproto/service_messages_about_messages.

All of it is bookkeeping in memory: no sockets, no waiting.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from tgfake.authkeys import AuthKey
from tgfake.tl import MSG_CONTAINER, constructor_id

MSG_ID_TOO_LOW = 16
MSG_ID_TOO_HIGH = 17
MSG_ID_NOT_ALIGNED = 18
CONTAINER_ID_REPEATED = 19
MSG_ID_FORGOTTEN = 20
SEQNO_TOO_LOW = 32
SEQNO_TOO_HIGH = 33
SEQNO_NOT_EVEN = 34
SEQNO_NOT_ODD = 35
BAD_SALT = 48
BAD_CONTAINER = 64

_TOO_OLD = 300
"""Seconds that a message id may lie in the past."""
_TOO_NEW = 30
"""Seconds that a message id may lie in the future."""
_REMEMBERED = 2048
"""Message ids kept per session to find repeats; more than clients have in flight by far."""
_RESENDABLE = 64
"""Small messages kept per session for msg_resend_req."""
MAX_RESENDABLE_SIZE = 4096
_MAX_CONTAINER = 1024
"""Messages in one container; Telegram's own limit is near this."""
_HEADER = struct.Struct("<qqqii")
_INNER = struct.Struct("<qii")


class ProtocolError(Exception):
    """A packet that no client makes; the connection is closed."""


class BadMessage(Exception):
    """A message that is answered with bad_msg_notification; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"bad_msg_notification {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client: id, sequence number, serialised body."""

    msg_id: int
    seqno: int
    body: bytes


def unseal(plain: bytes) -> tuple[int, int, Message]:
    """Salt, session id and message of a decrypted packet; raises ProtocolError."""
    if len(plain) < _HEADER.size:
        raise ProtocolError("packet too short")
    salt, session_id, msg_id, seqno, size = _HEADER.unpack_from(plain)
    padding = len(plain) - _HEADER.size - size
    if size < 4 or size % 4 or not 12 <= padding <= 1024:
        raise ProtocolError("message length does not fit its packet")
    body = plain[_HEADER.size : _HEADER.size + size]
    return salt, session_id, Message(msg_id, seqno, body)


def seal(salt: int, session_id: int, message: Message) -> bytes:
    """The plaintext of a packet, without padding; the inverse of `unseal`."""
    head = _HEADER.pack(salt, session_id, message.msg_id, message.seqno, len(message.body))
    return head + message.body


def flatten(message: Message) -> list[Message]:
    """The messages of a container, or the message alone; raises BadMessage(64)."""
    if constructor_id(message.body) != MSG_CONTAINER:
        return [message]
    body = message.body
    try:
        (count,) = struct.unpack_from("<i", body, 4)
        if not 0 <= count <= _MAX_CONTAINER:
            raise BadMessage(BAD_CONTAINER)
        found, at = [], 8
        for _ in range(count):
            msg_id, seqno, size = _INNER.unpack_from(body, at)
            at += _INNER.size
            found.append(_inner(message, Message(msg_id, seqno, body[at : at + size]), size))
            at += size
    except struct.error as e:
        raise BadMessage(BAD_CONTAINER) from e
    return found


def _inner(container: Message, inner: Message, size: int) -> Message:
    whole = size >= 4 and len(inner.body) == size
    if not whole or constructor_id(inner.body) == MSG_CONTAINER:
        raise BadMessage(BAD_CONTAINER)
    if inner.msg_id >= container.msg_id:
        raise BadMessage(BAD_CONTAINER)
    return inner


def check_time(msg_id: int, now: float) -> None:
    """Refuse an id that is not a client's or not of this time; raises BadMessage."""
    if msg_id % 4:
        raise BadMessage(MSG_ID_NOT_ALIGNED)
    age = now - msg_id / (1 << 32)
    if age > _TOO_OLD:
        raise BadMessage(MSG_ID_TOO_LOW)
    if age < -_TOO_NEW:
        raise BadMessage(MSG_ID_TOO_HIGH)


class Link(Protocol):
    """The connection that a session uses now."""

    def push(self, session: Session, body: bytes) -> None:
        """Send what nobody asked for: updates."""


class Pending(Protocol):
    """A request without its answer yet; any connection of its session may ask about it."""

    @property
    def landed(self) -> asyncio.Event:
        """Set once the answer has left, or never will."""

    def drop(self) -> Any:
        """Give up the answer; what rpc_drop_answer is answered with."""


class Session:
    """One session of one authorisation key."""

    def __init__(self, key: AuthKey, session_id: int) -> None:
        self.key = key
        self.session_id = session_id
        self.unique_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self.connection: Link | None = None
        self.subscribed = False
        """Whether updates are pushed into it: after a query without invokeWithoutUpdates."""
        self.greeted = False
        self.flights: dict[int, Pending] = {}
        """Requests that are being worked on or whose answers wait for the wire, by message id."""
        self._seen: OrderedDict[int, int] = OrderedDict()
        self._forgotten = 0
        self._highest = 0
        self._last_id = 0
        self._content_sent = 0
        self._sent: OrderedDict[int, Message] = OrderedDict()

    @property
    def auth_key_id(self) -> int:
        return self.key.id

    def admit(self, message: Message) -> bool:
        """Take note of a message; False for a repeat. Raises BadMessage on a wrong seqno."""
        if message.msg_id in self._seen:
            return False
        if message.msg_id <= self._forgotten:
            raise BadMessage(MSG_ID_FORGOTTEN)
        self._check_order(message)
        self._seen[message.msg_id] = message.seqno
        self._highest = max(self._highest, message.msg_id)
        if len(self._seen) > _REMEMBERED:
            self._forgotten = max(self._forgotten, self._seen.popitem(last=False)[0])
        return True

    def _check_order(self, message: Message) -> None:
        # Compared with the newest message only: enough to catch a client that lost count.
        newest = self._seen.get(self._highest)
        if newest is None:
            return
        if message.msg_id > self._highest and message.seqno < newest:
            raise BadMessage(SEQNO_TOO_LOW)
        if message.msg_id < self._highest and message.seqno > newest:
            raise BadMessage(SEQNO_TOO_HIGH)

    def state_of(self, msg_id: int, now: float) -> int:
        """The byte of msgs_state_info for one of the client's messages."""
        if msg_id in self._seen:
            return 4 | (32 if msg_id in self.flights else 64)
        if msg_id <= self._forgotten:
            return 1
        return 3 if msg_id / (1 << 32) > now + _TOO_NEW else 2

    def next_id(self, now: float, *, response: bool) -> int:
        """A new server message id: rising; 1 modulo 4 for answers, 3 for all else."""
        base = max(int(now * (1 << 32)) & ~3, self._last_id + 4)
        self._last_id = base
        return base | (1 if response else 3)

    def next_seqno(self, *, content: bool) -> int:
        """The sequence number of the next message sent."""
        number = 2 * self._content_sent
        if content:
            self._content_sent += 1
            number += 1
        return number

    def remember(self, message: Message) -> None:
        """Keep a small message in case the client asks for it again."""
        self._sent[message.msg_id] = message
        if len(self._sent) > _RESENDABLE:
            self._sent.popitem(last=False)

    def forget(self, msg_ids: list[int]) -> None:
        """The client has these."""
        for msg_id in msg_ids:
            self._sent.pop(msg_id, None)

    def sent(self, msg_id: int) -> Message | None:
        """A message sent before, if it is still kept."""
        return self._sent.get(msg_id)
