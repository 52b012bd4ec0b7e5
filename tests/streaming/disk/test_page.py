from __future__ import annotations

import pytest

from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.page import HEADER, HEADER_USED, Header, PageKey, Span, parse_name
from tests.streaming.disk.fakes import FILM, PHOTO, of

K64 = GRANULE
END = FILM[1]


@pytest.mark.parametrize(
    ("document", "offset", "limit", "number", "first", "end", "length"),
    [
        (FILM, 0, K64, 0, 0, 1, K64),
        (FILM, 0, PAGE, 0, 0, 16, PAGE),
        (FILM, PAGE + 3 * K64, 2 * K64, 1, 3, 5, 2 * K64),
        (FILM, 2 * PAGE - K64, K64, 1, 15, 16, K64),
        (FILM, 9 * PAGE, 4 * K64, 9, 0, 4, 3 * K64 + 1000),
        (FILM, 9 * PAGE, PAGE, 9, 0, 4, 3 * K64 + 1000),
        (FILM, 9 * PAGE + 3 * K64, 1000, 9, 3, 4, 1000),
        (PHOTO, 0, K64, 0, 0, 1, 40_000),
        ((1, PAGE), 0, PAGE, 0, 0, 16, PAGE),
        ((1, 1), 0, 1, 0, 0, 1, 1),
    ],
)
def test_span_of_a_range(document, offset, limit, number, first, end, length):
    span = Span.of(document, offset, limit)
    assert span == (PageKey(*document, number), first, end)
    assert span.length == length
    assert span.start == HEADER + first * GRANULE
    assert span.mask == sum(1 << granule for granule in range(first, end))


@pytest.mark.parametrize(
    ("offset", "limit"),
    [
        (0, 0),
        (0, -K64),
        (-K64, K64),
        (4096, K64),
        (0, K64 - 1),
        (PAGE - K64, 2 * K64),
        (0, 2 * PAGE),
        (END, 1),
        (9 * PAGE + 4 * K64, K64),
        (9 * PAGE + 3 * K64, 999),
    ],
)
def test_other_ranges_are_refused(offset, limit):
    with pytest.raises(ValueError, match="no granules of one page"):
        Span.of(FILM, offset, limit)


@pytest.mark.parametrize(
    "key", [PageKey(*FILM, 0), PageKey(*FILM, 9), PageKey(*PHOTO, 0), PageKey(2**63 - 1, 1, 0)]
)
def test_a_name_tells_its_page(key):
    assert parse_name(key.name) == key


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lock",
        "1-2",
        "1-1-1",
        "1-0-0",
        "1-5-00",
        "01-5-0",
        "1-5-0.tmp",
        "1-5--1",
        "\u0661-5-0",
        "1-5-0\n",
    ],
)
def test_other_names_tell_none(name):
    assert parse_name(name) is None


def test_granules_of_a_page():
    assert PageKey(*FILM, 0).granules == 16
    assert PageKey(*FILM, 9).granules == 4
    assert PageKey(1, 1, 0).granules == 1
    assert PageKey(1, PAGE, 0).granules == 16


def test_a_header_is_read_as_it_was_written():
    span = Span.of(FILM, 2 * K64, 2 * K64)
    header = Header().with_granules(span, of(span))
    packed = header.pack()
    assert len(packed) == HEADER_USED <= HEADER
    assert Header.parse(packed + b"more") == header
    assert header.present == 0b1100
    assert Header().present == 0


@pytest.mark.parametrize(
    "data", [b"\0x", Header().pack()[:-1], bytes(8) + b"x" * 128, b"x" + Header().pack()[1:]]
)
def test_what_is_no_header(data):
    assert Header.parse(data) is None


@pytest.mark.parametrize("data", [b"", bytes(10), bytes(HEADER_USED)])
def test_a_file_whose_first_write_did_not_end_has_no_granules(data):
    assert Header.parse(data) == Header()


def test_granules_are_kept_when_others_come():
    one, two = Span.of(FILM, 0, K64), Span.of(FILM, K64, 3 * K64)
    header = Header().with_granules(one, of(one)).with_granules(two, of(two))
    whole = Span.of(FILM, 0, 4 * K64)
    assert header == Header().with_granules(whole, of(whole))
    assert header.fits(one, of(one))
    assert header.fits(two, of(two))
    assert header.fits(whole, of(whole))


@pytest.mark.parametrize("at", [0, 1, K64 - 1, K64, 2 * K64 - 1])
def test_a_changed_bit_is_found(at):
    span = Span.of(FILM, 0, 2 * K64)
    header = Header().with_granules(span, of(span))
    changed = bytearray(of(span))
    changed[at] ^= 0x10
    assert not header.fits(span, bytes(changed))


def test_bytes_that_are_not_all_there_do_not_fit():
    span = Span.of(FILM, 0, 2 * K64)
    header = Header().with_granules(span, of(span))
    assert not header.fits(span, of(span)[:-1])
    assert not header.fits(span, b"")


@pytest.mark.parametrize(
    "other",
    [
        Span.of(FILM, K64, K64),
        Span.of(FILM, PAGE, K64),
        Span.of((FILM[0] + 1, FILM[1]), 0, K64),
        Span.of((FILM[0], FILM[1] + 1), 0, K64),
    ],
)
def test_bytes_of_another_place_do_not_fit(other):
    """The same bytes, and a header that was made for them elsewhere."""
    span = Span.of(FILM, 0, K64)
    slot = Header().with_granules(span, bytes(K64)).slots[0]
    slots = tuple(slot if granule == other.first else 0 for granule in range(16))
    assert not Header(slots).fits(other, bytes(K64))


def test_a_granule_without_slot_never_fits():
    span = Span.of(FILM, 0, K64)
    assert not Header().fits(span, bytes(K64))
    (checksum,) = span.checksums(bytes(K64))
    assert not Header((checksum, *Header().slots[1:])).fits(span, bytes(K64))
