"""The server's side of a conversation, by hand: what it is told, and packets that it sends."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from telethon.extensions import BinaryReader

from telpher.clock import FakeClock
from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.session import ServerTime, Session

SECOND = 1 << 32
ENVELOPE = bytes(24)
_HEAD = struct.Struct("<qqqii")
_INNER = struct.Struct("<qii")


@dataclass(frozen=True)
class Told:
    """One message of the client's; `said` is what the client library reads in it."""

    msg_id: int
    seqno: int
    body: bytes

    @property
    def said(self) -> Any:
        with BinaryReader(self.body) as reader:
            return reader.tgread_object()


@dataclass(frozen=True)
class Packet:
    """A packet of the client's."""

    salt: int
    session_id: int
    outer: Told
    padding: bytes

    @property
    def messages(self) -> list[Told]:
        """What is in it, a container undone."""
        (kind,) = struct.unpack_from("<I", self.outer.body)
        if kind != schema.MSG_CONTAINER:
            return [self.outer]
        (count,) = struct.unpack_from("<I", self.outer.body, 4)
        found, at = [], 8
        for _ in range(count):
            msg_id, seqno, size = _INNER.unpack_from(self.outer.body, at)
            at += _INNER.size
            found.append(Told(msg_id, seqno, self.outer.body[at : at + size]))
            at += size
        return found


def understood(plaintext: bytes) -> Packet:
    """What a client's packet says."""
    salt, session_id, msg_id, seqno, size = _HEAD.unpack_from(plaintext)
    rest = plaintext[_HEAD.size :]
    return Packet(salt, session_id, Told(msg_id, seqno, rest[:size]), rest[size:])


def plaintext(
    session_id: int, msg_id: int, body: bytes, *, seqno: int = 1, padding: int | None = None
) -> bytes:
    """A server's packet before it is encrypted."""
    if padding is None:
        padding = 12 + -(_HEAD.size + len(body) + 12) % 16
    return _HEAD.pack(0, session_id, msg_id, seqno, len(body)) + body + bytes(padding)


def container(*messages: tuple[int, int, bytes]) -> bytes:
    """msg_container of (msg_id, seqno, body)."""
    inner = (_INNER.pack(msg_id, seqno, len(body)) + body for msg_id, seqno, body in messages)
    return struct.pack("<II", schema.MSG_CONTAINER, len(messages)) + b"".join(inner)


def rpc_result(msg_id: int, body: bytes) -> bytes:
    return struct.pack("<Iq", schema.RPC_RESULT, msg_id) + body


def rpc_error(code: int, name: bytes) -> bytes:
    return struct.pack("<Ii", schema.RPC_ERROR, code) + schema.serialised(name)


def upload_file(data: bytes) -> bytes:
    return struct.pack("<III", schema.UPLOAD_FILE, 0xAA963B05, 0) + schema.serialised(data)


class Peer:
    """A server that talks with one session, its clock being `clock`."""

    def __init__(self, session: Session, clock: FakeClock) -> None:
        self.session = session
        self._clock = clock
        self._session_id = understood(session.seal(0, 0, b"")).session_id
        self._last_id = 0

    def next_id(self) -> int:
        self._last_id = max(int(self._clock.now() * SECOND) | 3, self._last_id + 4)
        return self._last_id

    def says(self, body: bytes, **other: Any) -> memoryview:
        """A decrypted packet; `msg_id`, `session_id`, `seqno` and `padding` may be given."""
        msg_id = other.pop("msg_id", None) or self.next_id()
        session_id = other.pop("session_id", self._session_id)
        return memoryview(ENVELOPE + plaintext(session_id, msg_id, body, **other))


def session_and_peer(salt: int = 7) -> tuple[Session, Peer, FakeClock]:
    """Both ends, whose clocks agree."""
    clock = FakeClock()
    session = Session(ServerTime(clock), salt)
    return session, Peer(session, clock), clock
