"""Files in messages: kinds, sizes, places."""

from datetime import UTC, datetime

import pytest
from telethon.tl import types

from telpher.core.model import FoundFile, Kind, Location, SmallSize
from telpher.telegram.adapter.files import found_file, input_location

DATE = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
AUDIO = types.DocumentAttributeAudio
VIDEO = types.DocumentAttributeVideo
NAME = types.DocumentAttributeFilename("a.bin")


def document(
    *attributes: object,
    size: int = 5 << 30,
    mime: str = "video/mp4",
    thumbs: list[object] | None = None,
) -> FoundFile:
    found = types.Document(
        id=11,
        access_hash=-12,
        file_reference=b"reference",
        date=DATE,
        mime_type=mime,
        size=size,
        dc_id=4,
        attributes=list(attributes),
        thumbs=thumbs,
    )
    file = found_file(message(types.MessageMediaDocument(document=found)), account=7)
    assert file is not None
    return file


def message(media: object, **more: object) -> types.Message:
    return types.Message(3, types.PeerUser(7), DATE, "", media=media, **more)


@pytest.mark.parametrize(
    ("attributes", "kind", "duration"),
    [
        ([NAME], Kind.DOCUMENT, 0),
        ([NAME, VIDEO(61.7, 1, 1)], Kind.VIDEO, 61),
        ([VIDEO(5, 1, 1, round_message=True)], Kind.VIDEO_NOTE, 5),
        ([VIDEO(5, 1, 1), types.DocumentAttributeAnimated()], Kind.ANIMATION, 5),
        ([types.DocumentAttributeAnimated()], Kind.ANIMATION, 0),
        ([AUDIO(120)], Kind.AUDIO, 120),
        ([AUDIO(9, voice=True)], Kind.VOICE, 9),
    ],
)
def test_kinds(attributes: list[object], kind: Kind, duration: int) -> None:
    found = document(*attributes)

    assert (found.info.kind, found.info.duration) == (kind, duration)


def test_what_is_known_and_where_it_is() -> None:
    found = document(AUDIO(120, title="Song", performer="Singer"), NAME, mime="")

    assert (found.info.document_id, found.info.size) == (11, 5 << 30)
    assert (found.info.title, found.info.performer) == ("Song", "Singer")
    assert found.info.name == "a.bin"
    assert found.info.mime_type == "application/octet-stream"
    assert found.info.date == int(DATE.timestamp())
    assert found.location == Location(7, 4, 11, -12, b"reference")
    asked = input_location(found.location)
    assert isinstance(asked, types.InputDocumentFileLocation)
    assert (asked.id, asked.access_hash, asked.file_reference) == (11, -12, b"reference")
    assert asked.thumb_size == ""


def photo(*sizes: object) -> FoundFile | None:
    found = types.Photo(21, 22, b"reference", DATE, list(sizes), 5)
    return found_file(message(types.MessageMediaPhoto(photo=found)), account=7)


def test_a_photo_is_its_largest_size() -> None:
    found = photo(
        types.PhotoStrippedSize("i", b"preview"),
        types.PhotoSize("m", 320, 240, 9_000),
        types.PhotoSizeProgressive("y", 1280, 960, [1_000, 5_000, 8_000]),
        types.PhotoCachedSize("s", 90, 60, b"cached"),
    )

    assert found is not None
    assert (found.info.size, found.info.kind) == (8_000, Kind.PHOTO)
    assert found.info.mime_type == "image/jpeg"
    assert found.location == Location(7, 5, 21, 22, b"reference", photo=True, thumb_size="y")
    asked = input_location(found.location)
    assert isinstance(asked, types.InputPhotoFileLocation)
    assert asked.thumb_size == "y"


@pytest.mark.parametrize(
    "media",
    [
        None,
        types.MessageMediaEmpty(),
        types.MessageMediaDocument(),
        types.MessageMediaDocument(document=types.DocumentEmpty(1)),
        types.MessageMediaPhoto(photo=types.PhotoEmpty(1)),
        types.MessageMediaGeo(types.GeoPointEmpty()),
    ],
)
def test_messages_without_a_file(media: object) -> None:
    assert found_file(message(media), account=7) is None


def test_a_photo_without_sizes_is_no_file() -> None:
    assert photo(types.PhotoStrippedSize("i", b"preview")) is None
    assert found_file(types.MessageEmpty(3, None), account=7) is None


@pytest.mark.parametrize(
    ("edit", "dated"),
    [
        ({}, DATE),
        ({"edit_date": LATER}, LATER),
        ({"edit_date": LATER, "edit_hide": True}, DATE),
    ],
)
def test_an_edit_may_have_put_another_file_there(edit: dict[str, object], dated: datetime) -> None:
    found = types.Document(11, 1, b"", DATE, "video/mp4", 5, 4, [])
    file = found_file(message(types.MessageMediaDocument(document=found), **edit), account=7)
    assert file is not None
    assert file.info.date == int(dated.timestamp())


def size(letter: str, side: int, length: int = 1000) -> types.PhotoSize:
    return types.PhotoSize(letter, side, side // 2, length)


PREVIEW = types.PhotoStrippedSize("i", b"preview")


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([], None),
        ([PREVIEW], None),
        ([PREVIEW, size("m", 320)], "m"),
        ([size("s", 100), size("m", 320), size("x", 800), size("y", 1280)], "x"),
        ([size("y", 1280), size("w", 2560)], "y"),
        ([size("m", 320, 0)], None),
        ([size("m", 320), size("x", 800, 2 << 20)], "m"),
        ([types.PhotoSizeProgressive("x", 800, 600, [5, 90]), size("m", 320)], "x"),
    ],
)
def test_the_thumbnail_is_the_largest_of_the_small_sizes(
    sizes: list[object], chosen: str | None
) -> None:
    found = document(NAME, thumbs=sizes).info.thumbnail
    assert (found and found.name) == chosen
    of_photo = photo(*sizes)
    if of_photo is not None:
        assert (of_photo.info.thumbnail and of_photo.info.thumbnail.name) == chosen


def test_a_thumbnail_is_told_of_with_its_length() -> None:
    assert document(NAME, thumbs=[size("m", 320, 77)]).info.thumbnail == SmallSize("m", 77)
    assert document(NAME, thumbs=None).info.thumbnail is None
