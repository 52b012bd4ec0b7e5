import pytest

from telpher.clock import FakeClock
from telpher.errors import StorageError
from telpher.service.banners import BELIEVED, LARGEST, Banners, is_picture
from tests.service.values import FakeValues

JPEG, PNG = b"\xff\xd8\xff one", b"\x89PNG\r\n\x1a\n two"


@pytest.fixture
def values():
    return FakeValues()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def banners(values, clock):
    return Banners(values, clock, b"default")


async def test_a_page_s_own_banner_then_the_start_page_s_then_the_default(banners):
    assert await banners.of("help") == b"default"
    await banners.replace("start", JPEG)
    assert await banners.of("help") == JPEG
    await banners.replace("help", PNG)
    assert [await banners.of(page) for page in ("start", "help", "info")] == [JPEG, PNG, JPEG]
    assert await banners.replaced() == ["start", "help"]
    await banners.reset("help")
    assert await banners.of("help") == JPEG


async def test_they_are_asked_for_once_in_a_while(banners, values, clock):
    for _ in range(3):
        await banners.of("start")
    assert values.reads == 1
    await values.put("banner start", JPEG, 0.0)
    assert await banners.of("start") == b"default"
    clock.advance(BELIEVED)
    assert await banners.of("start") == JPEG, "another instance's change is seen"


async def test_with_the_database_away_the_last_known_are_shown_and_nobody_waits_twice(
    banners, values, clock
):
    await banners.replace("start", JPEG)
    clock.advance(BELIEVED)
    values.away = True
    reads = values.reads
    assert await banners.of("start") == JPEG
    assert await banners.of("start") == JPEG
    assert values.reads == reads + 1
    with pytest.raises(StorageError):
        await banners.replace("start", PNG)
    assert await banners.of("start") == JPEG


async def test_what_is_kept_and_is_no_picture_is_passed_over(banners, values):
    await values.put("banner start", b"not a picture", 0.0)
    assert await banners.of("start") == b"default"


async def test_pages_there_are_none_of_are_not_asked_for(banners, values):
    assert await banners.of("x" * 100) == b"default"
    assert values.reads == 1, "that of the start page"


def test_pictures_are_jpeg_and_png_that_are_not_too_large():
    assert is_picture(JPEG)
    assert is_picture(PNG)
    assert is_picture(JPEG.ljust(LARGEST))
    for data in (b"", b"GIF89a", b"\xff\xd8", JPEG.ljust(LARGEST + 1)):
        assert not is_picture(data)
