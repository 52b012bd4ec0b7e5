"""Constructors and serialised forms of the few types that file traffic needs.

Numbers are little-endian; a string of bytes has its length before it, in one byte or, from 254 on,
in a byte 254 and three more, and zeros behind it up to a multiple of four
[/mtproto/serialize]. Constructors: core.telegram.org/schema/mtproto and /schema.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

# Messages and what is said about them.
MSG_CONTAINER: Final = 0x73F1F8DC
GZIP_PACKED: Final = 0x3072CFA1
RPC_RESULT: Final = 0xF35C6D01
RPC_ERROR: Final = 0x2144CA19
RPC_DROP_ANSWER: Final = 0x58E4A740
RPC_ANSWER_UNKNOWN: Final = 0x5E2AD36E
RPC_ANSWER_DROPPED_RUNNING: Final = 0xCD78E586
RPC_ANSWER_DROPPED: Final = 0xA43AD8B7
MSGS_ACK: Final = 0x62D6B459
BAD_MSG_NOTIFICATION: Final = 0xA7EFF811
BAD_SERVER_SALT: Final = 0xEDAB447B
NEW_SESSION_CREATED: Final = 0x9EC20908
PING: Final = 0x7ABE77EC
PONG: Final = 0x347773C5
MSG_DETAILED_INFO: Final = 0x276D3EC6
MSG_NEW_DETAILED_INFO: Final = 0x809DB6DF
MSGS_STATE_REQ: Final = 0xDA69FB52
MSGS_STATE_INFO: Final = 0x04DEB57D
MSG_RESEND_REQ: Final = 0x7D861A08
VECTOR: Final = 0x1CB5C415

INVOKE_AFTER_MSG: Final = 0xCB9F372D

# The key exchange.
REQ_PQ_MULTI: Final = 0xBE7E8EF1
RES_PQ: Final = 0x05162463
P_Q_INNER_DATA: Final = 0x83C95AEC
REQ_DH_PARAMS: Final = 0xD712E4BE
SERVER_DH_PARAMS_OK: Final = 0xD0E8075C
SERVER_DH_INNER_DATA: Final = 0xB5890DBA
CLIENT_DH_INNER_DATA: Final = 0x6643B654
SET_CLIENT_DH_PARAMS: Final = 0xF5045F1F
DH_GEN_OK: Final = 0x3BCBF734

# Files.
UPLOAD_GET_FILE: Final = 0xBE5335BE
UPLOAD_FILE: Final = 0x096A18D5
UPLOAD_FILE_CDN_REDIRECT: Final = 0xF18CDA44

_LONG_FORM: Final = 254
_WORD: Final = 4

_UINT: Final = struct.Struct("<I")
_VECTOR_HEAD: Final = struct.Struct("<II")


class MalformedError(ValueError):
    """Bytes that are not what their constructor says; the text names no content."""


def constructor(body: memoryview) -> int:
    """What `body` is. Raises MalformedError."""
    if len(body) < _WORD:
        raise MalformedError("a body without constructor")
    (number,) = _UINT.unpack_from(body)
    return int(number)


def unpack(form: struct.Struct, body: memoryview, at: int = 0) -> tuple[int, ...]:
    """The numbers of `form` at `at`. Raises MalformedError where the body is too short."""
    if len(body) - at < form.size:
        raise MalformedError("a body that is too short")
    return form.unpack_from(body, at)


def byte_string(body: memoryview, at: int) -> memoryview:
    """The string of bytes at `at`, a view. Raises MalformedError."""
    head = bytes(body[at : at + _WORD])
    if len(head) < _WORD:
        raise MalformedError("a string of bytes without length")
    if head[0] < _LONG_FORM:
        begin, size = at + 1, head[0]
    else:
        begin, size = at + _WORD, int.from_bytes(head[1:], "little")
    if size > len(body) - begin:
        raise MalformedError("a string of bytes longer than its message")
    return body[begin : begin + size]


def longs(body: memoryview, at: int) -> tuple[int, ...]:
    """The vector of 64-bit numbers at `at`. Raises MalformedError."""
    found, count = unpack(_VECTOR_HEAD, body, at)
    if found != VECTOR or count * 8 > len(body) - at - _VECTOR_HEAD.size:
        raise MalformedError("a vector that is none")
    return struct.unpack_from(f"<{count}q", body, at + _VECTOR_HEAD.size)


def vector_of_longs(kind: int, numbers: Sequence[int]) -> bytes:
    """A constructor whose only field is a vector of longs: msgs_ack, msg_resend_req."""
    return struct.pack(f"<III{len(numbers)}q", kind, VECTOR, len(numbers), *numbers)


def serialised(value: bytes) -> bytes:
    """A string of bytes."""
    if len(value) < _LONG_FORM:
        head = bytes((len(value),))
    else:
        head = bytes((_LONG_FORM,)) + len(value).to_bytes(3, "little")
    text = head + value
    return text + bytes(-len(text) % _WORD)
