"""Single messages out of what one packet carries: containers and compressed messages.

A container holds messages with ids of their own and never another container; anything may come
gzipped, once [/mtproto/service_messages]. Both are what a stranger would use to make little data
into much work or memory, so depth and unpacked size are bounded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.framing import MOST_FRAME
from telpher.telegram.mtproto.schema import MalformedError

_COUNT: Final = struct.Struct("<I")
_INNER: Final = struct.Struct("<qii")
_WORD: Final = 4
_CONTENT: Final = _WORD  # of a container and of a compressed message: behind the constructor

# What a compressed message may become: no more than it could have been without.
MOST_UNPACKED: Final = MOST_FRAME

_GZIP: Final = 31  # zlib's way of asking for a gzip header and checksum


class Message(NamedTuple):
    """One message; `body` is a view of the packet and begins with the constructor, `kind`."""

    msg_id: int
    seqno: int
    body: memoryview
    kind: int

    @property
    def content_related(self) -> bool:
        """Whether it asks for an acknowledgement."""
        return bool(self.seqno & 1)


def message(msg_id: int, seqno: int, body: memoryview) -> Message:
    """Raises MalformedError for a body without constructor."""
    return Message(msg_id, seqno, body, schema.constructor(body))


def messages(outer: Message) -> Iterator[Message]:
    """The messages in a packet's one, none of them a container or compressed.

    Raises MalformedError, also after some have been given out.
    """
    whole = _inflated(outer)
    if whole.kind != schema.MSG_CONTAINER:
        yield whole
        return
    for each in _contained(whole.body):
        inner = _inflated(each)
        if inner.kind == schema.MSG_CONTAINER:
            raise MalformedError("a container in a container")
        yield inner


def inflate(packed: memoryview, most: int = MOST_UNPACKED) -> memoryview:
    """The object in a gzip_packed. Raises MalformedError, also for more than `most` bytes."""
    stream = zlib.decompressobj(_GZIP)
    try:
        found = stream.decompress(schema.byte_string(packed, _CONTENT), most)
    except zlib.error as error:
        raise MalformedError("compressed data that cannot be unpacked") from error
    if not stream.eof:
        raise MalformedError("compressed data that ends early or is too much")
    return memoryview(found)


def _inflated(packed: Message) -> Message:
    if packed.kind != schema.GZIP_PACKED:
        return packed
    found = message(packed.msg_id, packed.seqno, inflate(packed.body))
    if found.kind == schema.GZIP_PACKED:
        raise MalformedError("compressed data in compressed data")
    return found


def _contained(body: memoryview) -> Iterator[Message]:
    (count,) = schema.unpack(_COUNT, body, _CONTENT)
    at = _CONTENT + _COUNT.size
    for _ in range(count):
        msg_id, seqno, size = schema.unpack(_INNER, body, at)
        at += _INNER.size
        if size < _WORD or size % _WORD or size > len(body) - at:
            raise MalformedError("a message that does not fit its container")
        yield message(msg_id, seqno, body[at : at + size])
        at += size
