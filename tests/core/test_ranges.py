"""Range and If-Range against tables and against a small model of RFC 9110 section 14."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telpher.core.ranges import (
    MAX_RANGES,
    Requested,
    Several,
    Single,
    Unsatisfiable,
    Whole,
    if_range,
    parse,
)

HUGE = "9" * 5000  # more digits than int() takes


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Single(0, 1)),
        ("bytes=0-499", Single(0, 500)),
        ("bytes=500-999", Single(500, 1000)),
        ("bytes=500-1000", Single(500, 1000)),
        ("bytes=500-", Single(500, 1000)),
        ("bytes=999-", Single(999, 1000)),
        ("bytes=-1", Single(999, 1000)),
        ("bytes=-1000", Single(0, 1000)),
        ("bytes=-1001", Single(0, 1000)),
        ("bytes=00000000000000000000000000000007-08", Single(7, 9)),
        (f"bytes=1-{HUGE}", Single(1, 1000)),
        (f"bytes=-{HUGE}", Single(0, 1000)),
        (f"bytes={'0' * 5000}1-2", Single(1, 3)),
        ("BYTES=1-2", Single(1, 3)),
        ("bYtEs=1-2", Single(1, 3)),
        ("  bytes=1-2\t", Single(1, 3)),
        ("bytes= 1-2", Single(1, 3)),
        ("bytes=\t1-2 ,", Single(1, 3)),
        ("bytes=,, ,1-2", Single(1, 3)),
        ("bytes=0-1,4-5", Several((Single(0, 2), Single(4, 6)))),
        ("bytes=4-5 \t,\t 0-1", Several((Single(4, 6), Single(0, 2)))),
        ("bytes=0-9,10-14", Several((Single(0, 10), Single(10, 15)))),
        ("bytes=0-9,9-14", Whole()),
        ("bytes=5-14,0-5", Whole()),
        ("bytes=0-9,20-29,5-6", Whole()),
        ("bytes=0-9,-991", Whole()),
        ("bytes=0-0,-1", Several((Single(0, 1), Single(999, 1000)))),
        ("bytes=0-,0-", Whole()),
        ("bytes=0-4,2000-,2000-", Single(0, 5)),
        ("bytes=0-1,2000-", Single(0, 2)),
        ("bytes=2000-,-0,7-7", Single(7, 8)),
    ],
)
def test_satisfiable(header: str, expected: Requested) -> None:
    assert parse(header, 1000) == expected


@pytest.mark.parametrize(
    "header",
    [
        "bytes=1000-",
        "bytes=1000-1000",
        "bytes=-0",
        "bytes=-000",
        "bytes=1000-,-0,4000-5000",
        f"bytes={2**63}-",
        f"bytes={2**64}-{2**64}",
        f"bytes={HUGE}-",
        f"bytes={HUGE}-{HUGE}",
    ],
)
def test_unsatisfiable(header: str) -> None:
    assert parse(header, 1000) == Unsatisfiable()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "bytes",
        "bytes=",
        "bytes= ",
        "bytes=,",
        "bytes=-",
        "bytes=5-2",
        "bytes=05-4",
        f"bytes={HUGE}-{HUGE[:-1]}",
        f"bytes={HUGE}-1",
        "bytes=0-1,5-2",
        "bytes=0-1,x",
        "bytes=0-1,-",
        "bytes=0",
        "bytes=a-b",
        "bytes=0-1-2",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=1_0-20",
        "bytes=1.0-2",
        "bytes=0 -1",
        "bytes=0- 1",
        "bytes=- 1",
        "bytes=0-1;2-3",
        "bytes=0-1\x0b",
        "bytes=0-1\n",
        "bytes =0-1",
        "bytes:0-1",
        "=0-1",
        "0-1",
        "items=0-1",
        "byte=0-1",
        "bytess=0-1",
        "bytes=\u0661-\u0662",  # digits, but not ASCII's
        "bytes=\uff11-\uff12",
        "bytes=0\u20131",  # a dash, not a hyphen
        "none",
    ],
)
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_ignored(header: str | None, size: int) -> None:
    assert parse(header, size) == Whole()


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=1-", "bytes=-0", "bytes=-0,0-"])
def test_an_empty_file_has_no_byte_to_begin_at(header: str) -> None:
    assert parse(header, 0) == Unsatisfiable()


@pytest.mark.parametrize("header", ["bytes=-1", f"bytes=-{HUGE}", "bytes=0-,-5"])
def test_a_suffix_of_an_empty_file_is_all_of_it(header: str) -> None:
    assert parse(header, 0) == Whole()


def test_ranges_up_to_the_cap_and_beyond() -> None:
    many = [f"{n}-{n}" for n in range(MAX_RANGES)]
    answer = parse(f"bytes={','.join(many)}", 1000)
    assert answer == Several(tuple(Single(n, n + 1) for n in range(MAX_RANGES)))
    assert parse(f"bytes={','.join([*many, '50-50'])}", 1000) == Whole()
    assert parse(f"bytes={','.join(['0-'] * 10_000)}", 1000) == Whole()


def test_empty_elements_do_not_count_for_the_cap() -> None:
    assert parse(f"bytes={',' * 1000}0-0", 1000) == Single(0, 1)


# A model that shares nothing with the code: the ABNF as one expression, ranges as slices of a list.
OWS = r"[ \t]*"
ELEMENT = r"(?:[0-9]+-[0-9]*|-[0-9]+)"
VALID = re.compile(
    rf"{OWS}bytes={OWS}(?:{ELEMENT})?(?:{OWS},{OWS}(?:{ELEMENT})?)*{OWS}", re.IGNORECASE
)


def model(header: str, size: int) -> list[list[int]] | None:
    """The positions of each satisfiable range; None for a header to be ignored."""
    elements = re.findall(ELEMENT, header)
    if not VALID.fullmatch(header) or not 0 < len(elements) <= MAX_RANGES:
        return None
    bounds = [element.split("-") for element in elements]
    if any(first and last and int(first) > int(last) for first, last in bounds):
        return None
    positions = list(range(size))
    slices = []
    for first, last in bounds:
        if not first:
            slices.append(positions[-int(last) :] if int(last) else [])
        else:
            slices.append(positions[int(first) : int(last) + 1 if last else None])
    if not size and any(not first and int(last) for first, last in bounds):
        return None
    together = [position for found in slices for position in found]
    if len(together) > len(set(together)):
        return None
    return [found for found in slices if found]


def told(requested: Requested) -> list[list[int]] | None:
    match requested:
        case Whole():
            return None
        case Unsatisfiable():
            return []
        case Single(start, stop):
            return [list(range(start, stop))]
        case Several(ranges):
            assert len(ranges) > 1
            return [list(range(single.start, single.stop)) for single in ranges]


numbers = st.integers(0, 40).map(str) | st.sampled_from(["00", "007", str(2**64), "9" * 30])
elements = st.one_of(
    st.tuples(numbers, numbers).map("-".join),
    numbers.map("{}-".format),
    numbers.map("-{}".format),
    st.sampled_from(["", " ", "\t", "-", "x", "1 - 2"]),
)
headers = st.builds(
    "{}={}".format,
    st.sampled_from(["bytes", "Bytes", "bytes "]),
    st.lists(elements, max_size=MAX_RANGES + 2).flatmap(
        lambda parts: st.sampled_from([",", ", ", " ,\t"]).map(lambda comma: comma.join(parts))
    ),
)


@given(header=headers, size=st.integers(0, 32))
@example(header="bytes=0-,-5", size=0)
def test_headers_as_the_model_reads_them(header: str, size: int) -> None:
    assert told(parse(header, size)) == model(header, size)


@given(header=st.text("bytes=0123456789-, \t", max_size=30).map("bytes={}".format))
def test_near_misses_as_the_model_reads_them(header: str) -> None:
    assert told(parse(header, 20)) == model(header, 20)


@given(header=st.text(), size=st.integers(0, 2**40))
def test_any_text_is_answered(header: str, size: int) -> None:
    parse(header, size)
    parse(f"bytes={header}", size)


TAG = '"abc"'
DATE = 784_111_777
HTTP_DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    "header", [None, TAG, f" {TAG} ", HTTP_DATE, f" {HTTP_DATE}\t", "Sun Nov  6 08:49:37 1994"]
)
def test_if_range_holds(header: str | None) -> None:
    assert if_range(header, TAG, DATE)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "*",
        "abc",
        '"other"',
        'W/"abc"',
        'w/"abc"',
        '"abc", "def"',
        '"abc',
        '"ABC"',
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sun, 06 Nov 1994 08:49:38 GMT",
        "Mon, 07 Nov 2094 08:49:37 GMT",
        f"{HTTP_DATE} {HTTP_DATE}",
        "tomorrow",
    ],
)
def test_if_range_fails(header: str) -> None:
    assert not if_range(header, TAG, DATE)


@pytest.mark.parametrize("header", ["", HTTP_DATE, "Thu, 01 Jan 1970 00:00:00 GMT", "tomorrow"])
def test_if_range_of_a_date_fails_where_the_file_has_none(header: str) -> None:
    assert not if_range(header, TAG, None)


def test_if_range_never_holds_for_a_weak_tag() -> None:
    assert not if_range('"abc"', 'W/"abc"', DATE)


@given(header=st.text())
def test_if_range_answers_any_text(header: str) -> None:
    assert if_range(header, TAG, DATE) == (header.strip(" \t") == TAG)
