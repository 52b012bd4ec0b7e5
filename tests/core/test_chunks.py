"""The chunk plan, swept over offsets, lengths and sizes around the powers of two."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.chunks import GRANULE, PAGE, Chunk, next_chunk

KIB = 1 << 10


def plan(start: int, stop: int, size: int) -> list[Chunk]:
    """What a viewer of [start, stop) asks for."""
    chunks: list[Chunk] = []
    position = start
    largest = 0
    while position < stop:
        chunk = next_chunk(position, stop, largest, size)
        chunks.append(chunk)
        largest = max(largest, chunk.limit)
        position = chunk.stop
    return chunks


def limits(chunks: list[Chunk]) -> list[int]:
    return [chunk.limit // KIB for chunk in chunks]


def obeys_get_file(chunk: Chunk) -> bool:
    """telegram.md, "upload.getFile", the form without `precise`."""
    last = chunk.offset + chunk.limit - 1
    return (
        chunk.offset % (4 * KIB) == 0
        and chunk.limit % (4 * KIB) == 0
        and PAGE % chunk.limit == 0
        and chunk.offset // PAGE == last // PAGE
    )


def granules(start: int, stop: int) -> tuple[int, int]:
    return start // GRANULE * GRANULE, -(-stop // GRANULE) * GRANULE


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 4 * PAGE, [64, 64, 128, 256, 512, 1024, 1024, 1024]),
        (200_000, 4 * PAGE, [64, 128, 128, 256, 256, 512, 512, 1024, 1024]),
        (PAGE - 1, 4 * PAGE, [64, 128, 128, 256, 512, 1024, 1024]),
        (PAGE, 3 * PAGE, [64, 64, 128, 256, 512, 1024]),
        (0, 1, [64]),
        (GRANULE - 1, GRANULE, [64]),
        (GRANULE - 1, GRANULE + 1, [64, 64]),
        (0, 3 * GRANULE, [64, 64, 64]),
        (0, 3 * GRANULE + 1, [64, 64, 128]),
        (3 * PAGE - 70_000, 3 * PAGE, [64, 64]),
        (0, 2 * PAGE + 300 * KIB, [64, 64, 128, 256, 512, 1024, 256, 64]),
    ],
)
def test_growth(start: int, stop: int, expected: list[int]) -> None:
    assert limits(plan(start, stop, 10 * PAGE)) == expected


def test_the_steady_state_is_whole_pages() -> None:
    assert next_chunk(5 * PAGE, 9 * PAGE, PAGE, 9 * PAGE) == Chunk(5 * PAGE, PAGE)


def test_the_granule_that_holds_the_wanted_byte_comes_first() -> None:
    assert next_chunk(5 * PAGE + 130 * KIB, 9 * PAGE, 0, 9 * PAGE) == Chunk(
        5 * PAGE + 128 * KIB, GRANULE
    )


def check_plan(chunks: list[Chunk], start: int, stop: int) -> None:
    first, last = granules(start, stop)
    assert chunks[0].offset == first
    assert chunks[-1].stop == last
    assert all(left.stop == right.offset for left, right in pairwise(chunks))
    assert all(obeys_get_file(chunk) and chunk.limit >= GRANULE for chunk in chunks)


def check_growth(chunks: list[Chunk]) -> None:
    assert chunks[0].limit == GRANULE
    largest = GRANULE
    for chunk in chunks[1:]:
        assert chunk.limit <= 2 * largest
        largest = max(largest, chunk.limit)


def around(values: list[int]) -> list[int]:
    return sorted({value + delta for value in values for delta in (-1, 0, 1) if value + delta >= 0})


POWERS = [1 << power for power in range(12, 23)]


@pytest.mark.parametrize("start", around([0, *POWERS, 3 * GRANULE, PAGE - GRANULE]))
def test_sweep(start: int) -> None:
    for length in around(POWERS):
        stop = start + length
        if length:
            for size in (stop, stop + 1, stop + PAGE):
                chunks = plan(start, stop, size)
                check_plan(chunks, start, stop)
                check_growth(chunks)


spans = st.tuples(st.integers(0, 40 * PAGE), st.integers(1, 6 * PAGE)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)


@given(span=spans, behind=st.integers(0, PAGE))
def test_plans_cover_the_granules_exactly(span: tuple[int, int], behind: int) -> None:
    start, stop = span
    chunks = plan(start, stop, stop + behind)
    check_plan(chunks, start, stop)
    check_growth(chunks)


@given(span=spans, previous=st.integers(0, 4 * PAGE))
def test_any_previous_limit_gives_a_sound_chunk(span: tuple[int, int], previous: int) -> None:
    chunk = next_chunk(*span, previous, span[1])
    assert obeys_get_file(chunk)
    assert chunk.offset <= span[0] < chunk.stop
    assert chunk.limit <= max(2 * previous, GRANULE)


@pytest.mark.parametrize(
    ("offset", "limit"),
    [
        (-GRANULE, GRANULE),
        (1, GRANULE),
        (2048, GRANULE),
        (0, 0),
        (0, -GRANULE),
        (0, KIB),
        (0, 3 * GRANULE),
        (0, 2 * PAGE),
        (PAGE - GRANULE, 2 * GRANULE),
        (GRANULE, PAGE),
    ],
)
def test_requests_that_telegram_refuses(offset: int, limit: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        Chunk(offset, limit)


def test_an_offset_need_not_be_a_multiple_of_the_limit() -> None:
    assert obeys_get_file(Chunk(4 * KIB, 512 * KIB))


@pytest.mark.parametrize(
    ("offset", "stop", "size"), [(0, 0, 0), (0, 0, 5), (5, 5, 9), (6, 5, 9), (-1, 5, 9), (0, 10, 9)]
)
def test_no_such_range(offset: int, stop: int, size: int) -> None:
    with pytest.raises(ValueError, match="no range"):
        next_chunk(offset, stop, 0, size)


def test_no_negative_chunk_went_before() -> None:
    with pytest.raises(ValueError, match="-1"):
        next_chunk(0, 1, -1, 1)
