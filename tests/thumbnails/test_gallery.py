"""Which picture a file has, how often somebody works for it, and what becomes of failures."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from telpher.clock import FakeClock
from telpher.core.model import FileInfo, Kind, MessageRef, SmallSize
from telpher.errors import (
    NoThumbnailError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from telpher.thumbnails.frames import FrameTaker
from telpher.thumbnails.gallery import Gallery
from telpher.thumbnails.shelf import SECONDS, SECONDS_OF_NONE
from tests.thumbnails.films import Film, film, seen

REF = MessageRef(7, 1)
SMALL = SmallSize("m", 100)
JPEG = b"\xff\xd8\xff of Telegram's"
FILM = film(Film(pictures=3))
INFO = FileInfo(1, len(FILM), "video/mp4", "a.mp4", Kind.VIDEO, 0)
WITH_ONE = replace(INFO, thumbnail=SMALL)


class Source:
    """A file, and Telegram's thumbnail of it; exceptions are raised."""

    def __init__(self) -> None:
        self.own: bytes | Exception = JPEG
        self.data: bytes | Exception = FILM
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def thumbnail(self, ref: MessageRef, info: FileInfo) -> bytes:
        assert (ref, info.thumbnail) == (REF, SMALL)
        self.asked.append("thumbnail")
        await self.gate.wait()
        return _given(self.own)

    async def peek(self, ref: MessageRef, info: FileInfo, start: int, stop: int) -> bytes:
        self.asked.append("bytes")
        await self.gate.wait()
        return _given(self.data)[start:stop]


def _given(what: bytes | Exception) -> bytes:
    if isinstance(what, Exception):
        raise what
    return what


class Stage:
    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.source = Source()
        self.clock = FakeClock()
        self.gallery = Gallery(self.source, FrameTaker(), self.clock, tasks)
        self.plain = Gallery(self.source, None, self.clock, tasks)


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        yield Stage(tasks)


async def test_telegrams_own_comes_first(stage: Stage) -> None:
    assert (await stage.gallery.picture(REF, WITH_ONE)).data == JPEG
    assert stage.source.asked == ["thumbnail"]


async def test_without_one_a_frame_is_taken(stage: Stage) -> None:
    picture = await stage.gallery.picture(REF, INFO)
    assert seen(picture.data).width == 320
    assert set(stage.source.asked) == {"bytes"}


@pytest.mark.parametrize("own", [b"RIFF....WEBP", b"", RequestRejectedError("LOCATION_INVALID")])
async def test_where_telegrams_own_is_of_no_use_a_frame_is_taken(stage: Stage, own) -> None:
    stage.source.own = own
    assert seen((await stage.gallery.picture(REF, WITH_ONE)).data).width == 320


async def test_without_ffmpeg_there_are_telegrams_own_alone(stage: Stage) -> None:
    assert (await stage.plain.picture(REF, WITH_ONE)).data == JPEG
    with pytest.raises(NoThumbnailError):
        await stage.plain.picture(REF, replace(INFO, document_id=2))
    assert stage.source.asked == ["thumbnail"]


async def test_it_is_kept_for_a_while(stage: Stage) -> None:
    for _ in range(3):
        await stage.gallery.picture(REF, WITH_ONE)
    assert stage.source.asked == ["thumbnail"]
    stage.clock.advance(SECONDS)
    await stage.gallery.picture(REF, WITH_ONE)
    assert stage.source.asked == ["thumbnail"] * 2


async def test_that_there_is_none_is_kept_for_a_shorter_while(stage: Stage) -> None:
    stage.source.data = b"no film at all" * 1000
    for _ in range(3):
        with pytest.raises(NoThumbnailError):
            await stage.gallery.picture(REF, INFO)
    once = len(stage.source.asked)
    assert once
    assert not stage.gallery.expects(INFO)
    stage.clock.advance(SECONDS_OF_NONE)
    assert stage.gallery.expects(INFO)
    with pytest.raises(NoThumbnailError):
        await stage.gallery.picture(REF, INFO)
    assert len(stage.source.asked) == 2 * once


async def test_trouble_with_telegram_is_told_and_not_kept(stage: Stage) -> None:
    stage.source.own = stage.source.data = TelegramUnavailableError("away")
    for info in (INFO, WITH_ONE):
        with pytest.raises(TelegramUnavailableError):
            await stage.gallery.picture(REF, info)
    stage.source.own = JPEG
    assert (await stage.gallery.picture(REF, WITH_ONE)).data == JPEG


async def test_all_who_ask_meanwhile_wait_for_the_same_work(stage: Stage) -> None:
    stage.source.gate.clear()
    asking = [asyncio.create_task(stage.gallery.picture(REF, WITH_ONE)) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    asking[0].cancel()
    stage.source.gate.set()
    pictures = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(pictures[0], asyncio.CancelledError)
    assert {each.data for each in pictures[1:]} == {JPEG}
    assert stage.source.asked == ["thumbnail"]


async def test_when_all_have_left_nobody_works(stage: Stage) -> None:
    stage.source.gate.clear()
    asking = asyncio.create_task(stage.gallery.picture(REF, WITH_ONE))
    for _ in range(5):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    stage.source.gate.set()
    await stage.gallery.picture(REF, WITH_ONE)
    assert stage.source.asked == ["thumbnail"] * 2


@pytest.mark.parametrize(
    ("mime", "name", "size", "expected"),
    [
        ("video/mp4", "a.mp4", 10, True),
        ("application/octet-stream", "a.mkv", 10, True),
        ("image/png", "a.png", 10, True),
        ("image/png", "a.png", 1 << 30, False),
        ("image/svg+xml", "a.svg", 10, False),
        ("audio/mpeg", "a.mp3", 10, False),
        ("application/zip", "a.zip", 10, False),
        ("application/x-mpegurl", "a.m3u8", 10, False),
        ("video/mp4", "a.mp4", 0, False),
    ],
)
async def test_of_which_files_a_picture_is_expected(
    stage: Stage, mime: str, name: str, size: int, expected: bool
) -> None:
    info = replace(INFO, mime_type=mime, name=name, size=size, kind=Kind.DOCUMENT)
    assert stage.gallery.expects(info) is expected
    assert not stage.plain.expects(info)
    assert stage.plain.expects(replace(info, thumbnail=SMALL))
    if not expected:
        with pytest.raises(NoThumbnailError):
            await stage.gallery.picture(REF, info)
        assert stage.source.asked == []
