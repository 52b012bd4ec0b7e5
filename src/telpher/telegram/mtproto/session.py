"""One MTProto session: what makes our messages acceptable, and which of theirs we accept.

A session is a random number under an authorisation key [/mtproto/description]. Here each
connection has its own, so a message of any other connection, however genuine, is foreign.

    sent      msg_id: server's time in 2^-32 s, rising, a multiple of four
              seqno: twice the content-related messages before it, plus one if it is such itself
    received  checked by the rules of [/mtproto/security_guidelines]; the msg_key by crypto before

Who breaks a rule that no network can break (session, parity, lengths) is no Telegram server, and
the connection ends. What a network can bring about (a message twice, or late) is ignored, but not
without end.

Time: our clock may be wrong. Then the server refuses our first message and says so, or accepts it
and answers with ids that seem to be from elsewhere in time. Either way its first message sets
`ServerTime` right. That message is genuine and bound to a random number made a moment ago: it can
have been delayed, never replayed. All after it must lie in the window.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left
from typing import Final

from telpher.clock import Clock
from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.mtproto.unpack import Message, message, messages

# Before the plaintext stand the key's id and msg_key, in it before the message: salt, session id,
# message id, sequence number, length.
_ENVELOPE: Final = 24
_HEAD: Final = struct.Struct("<qqqii")

_BLOCK: Final = 16
_WORD: Final = 4
_LEAST_PADDING: Final = 12
_MOST_PADDING: Final = 1024

# [/mtproto/security_guidelines, "Checking msg_id"]; it leaves the number of ids open.
_TOO_OLD: Final = 300
_TOO_NEW: Final = 30
_REMEMBERED: Final = 500

# Messages ignored one after the other before the connection counts as broken.
_MOST_IGNORED: Final = 10

# Told for messages whose own id may be wrong, because ours is what they complain of.
_ABOUT_TIME: Final = frozenset({schema.BAD_SERVER_SALT, schema.BAD_MSG_NOTIFICATION})

_SECOND: Final = 1 << 32  # in units of a message id


class ServerTime:
    """The servers' clock as far as it is known; shared by the connections of one account."""

    def __init__(self, clock: Clock, offset: float = 0.0) -> None:
        self._clock = clock
        self.offset = offset

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return self._clock.now() + self.offset

    def message_id(self) -> int:
        """An id for a message of ours, made now."""
        return int(self.now() * _SECOND) & ~3

    def learn(self, msg_id: int) -> None:
        """The server made this message id a moment ago."""
        self.offset = msg_id / _SECOND - self._clock.now()

    def accepts(self, msg_id: int) -> bool:
        """Whether the id was made within the time in which it may arrive."""
        return -_TOO_OLD <= msg_id / _SECOND - self.now() <= _TOO_NEW


class Seen:
    """Ids received lately, so that no message counts twice."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._ids: list[int] = []  # rising

    def __contains__(self, msg_id: int) -> bool:
        at = bisect_left(self._ids, msg_id)
        return self._ids[at : at + 1] == [msg_id]

    def add(self, msg_id: int) -> bool:
        """Takes note of an id; False if it was there, or is so old that it may have been."""
        at = bisect_left(self._ids, msg_id)
        full = len(self._ids) == self._most
        if self._ids[at : at + 1] == [msg_id] or (full and at == 0):
            return False
        self._ids.insert(at, msg_id)
        if full:
            del self._ids[0]
        return True


class Session:
    """One connection's session. `salt` is the server's latest, 0 while unknown."""

    def __init__(self, time: ServerTime, salt: int = 0) -> None:
        self.salt = salt
        self.time = time
        self.unacknowledged: list[int] = []
        """Ids of content-related messages received, until somebody acknowledges them."""
        self._seen = Seen()
        self._id = int.from_bytes(os.urandom(8), "little", signed=True)
        self._last_id = 0
        self._content_sent = 0
        self._greeted = False  # whether a message has been received
        self._ignored = 0

    # What we send.

    def next_id(self) -> int:
        """The id of a new message."""
        self._last_id = max(self.time.message_id(), self._last_id + 4)
        return self._last_id

    def next_seqno(self, *, content_related: bool) -> int:
        """The sequence number of the next message."""
        number = 2 * self._content_sent + content_related
        self._content_sent += content_related
        return number

    def shift_seqno(self, messages: int) -> None:
        """Goes on as if so many more (or fewer) content-related messages had been sent."""
        self._content_sent = max(0, self._content_sent + messages)

    def set_time(self, msg_id: int) -> None:
        """Our ids were refused; the id of the refusal tells the server's time."""
        self.time.learn(msg_id)
        self._last_id = 0

    def seal(self, msg_id: int, seqno: int, body: bytes) -> bytes:
        """The padded plaintext of a packet."""
        head = _HEAD.pack(self.salt, self._id, msg_id, seqno, len(body))
        padding = _LEAST_PADDING + -(len(head) + len(body) + _LEAST_PADDING) % _BLOCK
        return head + body + os.urandom(padding)

    # What we receive.

    def open(self, packet: memoryview) -> list[Message]:
        """The new messages of a decrypted packet, containers and compression undone.

        Raises MalformedError when the packet breaks a rule, or too many had to be ignored.
        """
        outer = self._outer(packet)
        if not self._in_time(outer):
            self._ignore()
            return []
        found = [each for each in messages(outer) if self._is_new(each)]
        if found:
            self._ignored = 0
        else:
            self._ignore()
        return found

    def has_received(self, msg_id: int) -> bool:
        """Whether a message with this id has been received lately."""
        return msg_id in self._seen

    def _outer(self, packet: memoryview) -> Message:
        plain = packet[_ENVELOPE:]
        _, session_id, msg_id, seqno, size = schema.unpack(_HEAD, plain)
        padding = len(plain) - _HEAD.size - size
        if session_id != self._id:
            raise MalformedError("a message of another session")
        if msg_id % 2 == 0:
            raise MalformedError("a message id that only clients make")
        if size < _WORD or size % _WORD or not _LEAST_PADDING <= padding <= _MOST_PADDING:
            raise MalformedError("a message that does not fit its packet")
        return message(msg_id, seqno, plain[_HEAD.size : _HEAD.size + size])

    def _in_time(self, received: Message) -> bool:
        in_time = self.time.accepts(received.msg_id)
        if not (in_time or self._greeted):
            self.time.learn(received.msg_id)
            in_time = True
        self._greeted = True
        return in_time or received.kind in _ABOUT_TIME

    def _is_new(self, received: Message) -> bool:
        # Repeated where our acknowledgement was lost, so it is given again.
        if received.content_related:
            self.unacknowledged.append(received.msg_id)
        return self._seen.add(received.msg_id)

    def _ignore(self) -> None:
        self._ignored += 1
        if self._ignored >= _MOST_IGNORED:
            raise MalformedError("too many messages that were repeated or out of time")
