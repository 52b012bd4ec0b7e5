import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgfake.content import BLOCK, Computed, Held, OnDisk, expected_bytes, sha256

SIZE = 5 * BLOCK + 777
DOCUMENT = 5_368_324_170_671_200_001


@given(st.lists(st.integers(0, SIZE), max_size=8))
def test_any_split_of_ranges_equals_the_whole(cuts: list[int]) -> None:
    source = Computed(DOCUMENT, SIZE)
    edges = [0, *sorted(cuts), SIZE]
    parts = [source.read(a, b - a) for a, b in itertools.pairwise(edges)]
    assert b"".join(parts) == source.read(0, SIZE)


@given(st.integers(0, 4 << 30), st.integers(0, 3 * BLOCK))
def test_a_range_has_the_length_asked_for(offset: int, length: int) -> None:
    assert len(expected_bytes(DOCUMENT, offset, length)) == length


@given(
    st.tuples(st.integers(1, 2**63 - 1), st.integers(0, 1 << 20)),
    st.tuples(st.integers(1, 2**63 - 1), st.integers(0, 1 << 20)),
)
def test_blocks_differ_unless_document_and_place_are_equal(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    first = expected_bytes(one[0], one[1] * BLOCK, BLOCK)
    second = expected_bytes(two[0], two[1] * BLOCK, BLOCK)
    assert (first == second) == (one == two)


def test_neighbouring_documents_differ_in_every_kibibyte() -> None:
    one, two = expected_bytes(DOCUMENT, 0, 1 << 20), expected_bytes(DOCUMENT + 1, 0, 1 << 20)
    assert all(one[i : i + 1024] != two[i : i + 1024] for i in range(0, 1 << 20, 1024))


def test_the_bytes_of_a_document_never_change() -> None:
    # A client in another process, or of another release, must be able to check what it gets.
    digest = hashlib.sha256(expected_bytes(1, 0, 1 << 20)).hexdigest()
    assert digest == "f755c7ada37c19c56853a05fa71edfd9c377f8686d294d4ed97ba668e9bbec3e"


@pytest.mark.parametrize("offset", [SIZE, SIZE + 1, 10 * SIZE])
def test_nothing_comes_past_the_end(offset: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(SIZE))
    for source in Computed(1, SIZE), Held(bytes(SIZE)), OnDisk.at(path):
        assert source.read(offset, BLOCK) == b""


def test_the_last_piece_is_short() -> None:
    assert len(Computed(1, SIZE).read(5 * BLOCK, BLOCK)) == 777


def test_the_far_end_of_a_large_file_is_at_hand() -> None:
    size = 4 << 30
    assert len(Computed(1, size).read(size - 100, BLOCK)) == 100


def test_a_file_on_disk_is_read_in_ranges(tmp_path: Path) -> None:
    data = expected_bytes(9, 0, SIZE)
    path = tmp_path / "video.mp4"
    path.write_bytes(data)
    source = OnDisk.at(path)
    assert (source.size, source.read(5000, 100)) == (SIZE, data[5000:5100])


def test_the_digest_is_of_the_whole_file() -> None:
    source = Computed(3, (1 << 20) + 5)
    assert sha256(source) == hashlib.sha256(source.read(0, source.size)).hexdigest()
