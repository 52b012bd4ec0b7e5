import pytest

from telpher.bot import paging
from telpher.storage.base import PageKey


@pytest.mark.parametrize(
    "key", [PageKey(0.0, 0), PageKey(1763920000.1234567, (1 << 63) - 1), PageKey(1e9 / 3, 7)]
)
def test_a_place_is_read_as_it_was_written_and_fits_into_a_button(key):
    place = paging.written(key)
    assert paging.read(place) == key
    assert len(place) <= 40


@pytest.mark.parametrize("place", ["", ",", "x", "1", "1,y", "nan,1", "inf,1", "-inf,1", "1e999,1"])
def test_anything_else_is_the_first_page(place):
    assert paging.read(place) is None
