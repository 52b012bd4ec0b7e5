import gzip
import struct
import zlib

import pytest

from telpher.telegram.mtproto import schema
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.mtproto.unpack import MOST_UNPACKED, inflate, message, messages
from tests.telegram.mtproto.peer import container

PONG = struct.pack("<Iqq", schema.PONG, 1, 2)
ACK = schema.vector_of_longs(schema.MSGS_ACK, [1])


def packed(body: bytes) -> bytes:
    return struct.pack("<I", schema.GZIP_PACKED) + schema.serialised(gzip.compress(body, mtime=0))


def bomb(size: int) -> bytes:
    return packed(b"good" + bytes(size))


def unpacked(body: bytes) -> list[tuple[int, int, bytes]]:
    outer = message(9, 5, memoryview(body))
    return [(each.msg_id, each.seqno, bytes(each.body)) for each in messages(outer)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (PONG, [(9, 5, PONG)]),
        (packed(PONG), [(9, 5, PONG)]),
        (container(), []),
        (container((1, 1, PONG), (3, 2, ACK)), [(1, 1, PONG), (3, 2, ACK)]),
        (container((1, 1, packed(PONG)), (3, 2, ACK)), [(1, 1, PONG), (3, 2, ACK)]),
        (packed(container((1, 1, PONG))), [(1, 1, PONG)]),
    ],
    ids=["alone", "packed", "empty", "container", "packed inside", "packed outside"],
)
def test_messages_in_a_packet(body, found):
    assert unpacked(body) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"abc",
        container((1, 1, container((3, 1, PONG)))),
        container((1, 1, packed(container((3, 1, PONG))))),
        packed(packed(PONG)),
        container((1, 1, packed(packed(PONG)))),
        container((1, 1, b"")),
        container((1, 1, PONG + b"x")),
        struct.pack("<IIqii", schema.MSG_CONTAINER, 1, 1, 1, -4),
        struct.pack("<IIqii", schema.MSG_CONTAINER, 1, 1, 1, 1 << 30),
        struct.pack("<II", schema.MSG_CONTAINER, 0xFFFFFFFF),
        struct.pack("<II", schema.GZIP_PACKED, 0),
        struct.pack("<I", schema.GZIP_PACKED)
        + schema.serialised(gzip.compress(PONG, mtime=0)[:-1]),
        struct.pack("<I", schema.GZIP_PACKED) + schema.serialised(zlib.compress(PONG)),
        struct.pack("<I", schema.GZIP_PACKED) + schema.serialised(b"no gzip at all"),
    ],
)
def test_what_no_server_sends_is_refused(body):
    with pytest.raises(MalformedError):
        unpacked(body)


@pytest.mark.parametrize("size", range(len(container((1, 1, PONG), (3, 2, ACK)))))
def test_truncated_containers_are_refused(size):
    with pytest.raises(MalformedError):
        unpacked(container((1, 1, PONG), (3, 2, ACK))[:size])


def test_compressed_bombs_are_refused_without_being_unpacked():
    assert len(inflate(memoryview(bomb(MOST_UNPACKED - 4)))) == MOST_UNPACKED
    for size in (MOST_UNPACKED - 3, 1 << 25):
        with pytest.raises(MalformedError, match="too much"):
            inflate(memoryview(bomb(size)))


def test_bodies_are_views_of_the_packet():
    packet = memoryview(container((1, 1, PONG)))
    (found,) = messages(message(9, 5, packet))
    assert found.body.obj is packet.obj
