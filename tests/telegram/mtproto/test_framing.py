import pytest

from telpher.telegram.mtproto.framing import MOST_FRAME, FrameReader, wrap

PACKETS = [b"abcd", bytes(range(256)), b"\x01\x02\x03\x04", b"x" * 70_000, b"tail"]
STREAM = b"".join(map(wrap, PACKETS))


def memory(size: int) -> memoryview:
    return memoryview(bytearray(size))


def feed(reader: FrameReader, data: bytes, most: int) -> list[bytes]:
    """What a socket does: at most `most` bytes at a time, to where the reader wants them."""
    found, at = [], 0
    while at < len(data) and not reader.broken:
        room = reader.room()
        assert len(room) > 0
        part = data[at : at + min(most, len(room))]
        room[: len(part)] = part
        at += len(part)
        packet = reader.filled(len(part))
        if packet is not None:
            found.append(bytes(packet))
    return found


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 7, 100, 1 << 20])
def test_packets_come_out_as_they_went_in(most):
    assert feed(FrameReader(memory), STREAM, most) == PACKETS


@pytest.mark.parametrize("most", [1, 5, 1 << 20])
def test_an_unfinished_packet_waits(most):
    reader = FrameReader(memory)
    assert feed(reader, STREAM[:-1], most) == PACKETS[:-1]
    assert feed(reader, STREAM[-1:] + wrap(b"more"), most) == [b"tail", b"more"]


def test_a_packet_is_received_where_it_stays():
    taken: list[memoryview] = []

    def take(size: int) -> memoryview:
        taken.append(memory(size))
        return taken[-1]

    reader = FrameReader(take)
    whole = wrap(b"x" * 1000)
    reader.room()[:4] = whole[:4]
    assert reader.filled(4) is None
    reader.room()[:1000] = whole[4:]
    packet = reader.filled(1000)
    assert packet is not None
    assert packet.obj is taken[0].obj
    assert len(packet) == 1000


def test_memory_is_for_the_size_announced():
    sizes = []

    def take(size: int) -> memoryview:
        sizes.append(size)
        return memory(size)

    feed(FrameReader(take), STREAM, 100)
    assert sizes == [len(packet) + 4 for packet in PACKETS]


@pytest.mark.parametrize("size", [0, 3, MOST_FRAME + 1, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("most", [1, 1 << 20])
def test_a_size_that_cannot_be_is_told_before_any_memory_is_taken(size, most):
    taken = []

    def take(wanted: int) -> memoryview:
        taken.append(wanted)
        return memory(wanted)

    reader = FrameReader(take)
    data = wrap(b"good") + size.to_bytes(4, "little") + bytes(100)
    assert feed(reader, data, most) == [b"good"]
    assert str(size) in reader.broken
    assert taken == [8]


def test_the_largest_and_the_smallest_packet():
    for size in (4, MOST_FRAME):
        assert feed(FrameReader(memory), wrap(bytes(size)), 1 << 30) == [bytes(size)]
