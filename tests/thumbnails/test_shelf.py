from __future__ import annotations

from telpher.clock import FakeClock
from telpher.thumbnails.shelf import SECONDS, SECONDS_OF_NONE, Shelf, Thumbnail

ONE, TWO, THREE = (1, 10), (2, 10), (3, 10)


def thumbnail(size: int) -> Thumbnail:
    return Thumbnail.of(bytes(size))


def test_what_is_kept_is_found_for_an_hour() -> None:
    clock = FakeClock()
    shelf = Shelf(clock)
    assert shelf.look(ONE) is None
    shelf.put(ONE, thumbnail(5))
    clock.advance(SECONDS - 1)
    kept = shelf.look(ONE)
    assert kept is not None
    assert kept.thumbnail == thumbnail(5)
    clock.advance(1)
    assert shelf.look(ONE) is None
    assert len(shelf) == 0


def test_that_there_is_none_is_kept_for_minutes() -> None:
    clock = FakeClock()
    shelf = Shelf(clock)
    shelf.put(ONE, None)
    kept = shelf.look(ONE)
    assert kept is not None
    assert kept.thumbnail is None
    clock.advance(SECONDS_OF_NONE)
    assert shelf.look(ONE) is None


def test_the_least_recently_asked_for_goes_first() -> None:
    shelf = Shelf(FakeClock(), budget=100)
    shelf.put(ONE, thumbnail(40))
    shelf.put(TWO, thumbnail(40))
    shelf.look(ONE)
    shelf.put(THREE, thumbnail(40))
    assert shelf.look(TWO) is None
    assert shelf.look(ONE)
    assert shelf.look(THREE)


def test_one_that_is_replaced_counts_once() -> None:
    shelf = Shelf(FakeClock(), budget=100)
    for _ in range(10):
        shelf.put(ONE, thumbnail(60))
    shelf.put(TWO, thumbnail(40))
    assert shelf.look(ONE)
    assert shelf.look(TWO)


def test_files_without_any_are_bounded_too() -> None:
    shelf = Shelf(FakeClock(), most=3)
    for number in range(100):
        shelf.put((number, 1), None)
    assert len(shelf) == 3


def test_a_larger_one_than_all_is_not_kept() -> None:
    shelf = Shelf(FakeClock(), budget=100)
    shelf.put(ONE, thumbnail(101))
    assert len(shelf) == 0


def test_tags_differ_with_the_bytes() -> None:
    assert thumbnail(1).tag == thumbnail(1).tag != thumbnail(2).tag
    assert thumbnail(1).tag[0] == thumbnail(1).tag[-1] == '"'
