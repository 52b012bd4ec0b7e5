"""Every transport, any split of the bytes, and streams that are none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgfake.framing import (
    MAX_PACKET,
    Abridged,
    FrameReader,
    FramingError,
    Full,
    Intermediate,
    PaddedIntermediate,
    detect,
    error_frame,
)

TAGS = {
    Abridged: b"\xef",
    Intermediate: b"\xee" * 4,
    PaddedIntermediate: b"\xdd" * 4,
    Full: b"",
}
payloads = st.lists(st.integers(2, 200).map(lambda n: bytes([n & 0xFF]) * (4 * n)), max_size=6)
kinds = st.sampled_from(list(TAGS))


def stream(kind: type, packets: list[bytes]) -> bytes:
    codec = kind()
    return TAGS[kind] + b"".join(codec.wrap(p) for p in packets)


def same(kind: type, got: list[bytes], sent: list[bytes]) -> bool:
    if kind is not PaddedIntermediate:
        return got == sent
    pairs = zip(got, sent, strict=True)
    return all(g.startswith(s) and len(g) - len(s) < 16 for g, s in pairs)


places = st.lists(st.floats(0, 1), max_size=8).map(sorted)


@given(kinds, payloads, places)
def test_any_split_gives_the_same_packets(kind: type, packets: list[bytes], places: list[float]):
    whole = stream(kind, packets)  # of a length that padding makes random
    cuts = [int(place * len(whole)) for place in places]
    reader, got = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        got += reader.feed(whole[start:end])
    assert same(kind, got, packets)


@pytest.mark.parametrize("kind", TAGS)
def test_byte_by_byte(kind: type):
    packets = [b"abcd" * 5, b"efgh" * 200]
    reader, got = FrameReader(), []
    for byte in stream(kind, packets):
        got += reader.feed(bytes([byte]))
    assert same(kind, got, packets)


@pytest.mark.parametrize("kind", TAGS)
def test_what_the_server_writes_can_be_read(kind: type):
    reader = FrameReader()
    reader.feed(stream(kind, [b"12345678"]))
    echo = FrameReader()
    echoed = echo.feed(TAGS[kind] + reader.wrap(b"x" * 4096) + reader.wrap(b"y" * 8))
    assert same(kind, echoed, [b"x" * 4096, b"y" * 8])


@pytest.mark.parametrize("kind", TAGS)
def test_a_transport_error_is_four_bytes(kind: type):
    assert FrameReader().feed(TAGS[kind] + kind().wrap(error_frame(-404))) == [b"\x6c\xfe\xff\xff"]


@pytest.mark.parametrize(
    ("kind", "mark"), [(Abridged, lambda b: b[:1] + bytes([b[1] | 0x80]) + b[2:])]
)
def test_quick_acknowledgements_are_ignored(kind, mark):
    assert FrameReader().feed(mark(stream(kind, [b"12345678"]))) == [b"12345678"]


def test_quick_acknowledgement_of_intermediate_is_ignored():
    data = bytearray(stream(Intermediate, [b"12345678"]))
    data[7] |= 0x80
    assert FrameReader().feed(bytes(data)) == [b"12345678"]


def test_long_abridged_length_takes_four_bytes():
    payload = b"z" * (0x7F * 4)
    assert Abridged().wrap(payload)[:4] == b"\x7f\x7f\x00\x00"
    assert FrameReader().feed(b"\xef" + Abridged().wrap(payload)) == [payload]


def test_full_refuses_a_wrong_checksum():
    data = bytearray(stream(Full, [b"12345678"]))
    data[-1] ^= 1
    with pytest.raises(FramingError):
        FrameReader().feed(bytes(data))


def test_full_refuses_a_packet_out_of_order():
    codec = Full()
    codec.wrap(b"lost")
    with pytest.raises(FramingError):
        FrameReader().feed(codec.wrap(b"12345678"))


def test_a_file_part_fits_and_nothing_much_larger():
    length = (MAX_PACKET + 4).to_bytes(4, "little")
    with pytest.raises(FramingError):
        FrameReader().feed(b"\xee" * 4 + length)
    assert MAX_PACKET >= 1024 * 1024 + 1024


def test_another_protocol_is_refused():
    with pytest.raises(FramingError):
        FrameReader().feed(b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("start", [b"", b"\xee", b"\xdd\xdd\xdd"])
def test_too_little_to_tell(start: bytes):
    assert detect(start) is None


def test_nothing_can_be_written_before_the_client_has_spoken():
    with pytest.raises(FramingError):
        FrameReader().wrap(b"12345678")
