"""Files that the visitor brings: whole on disk, or nothing of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telpher.demo.chat.uploads import Described, TooLargeError, Uploads
from tgfake.world import FileKind, FileSpec

FILM = Described("film.mp4", "video/mp4", FileKind.VIDEO, 60, 640, 360)


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def stored(spec: FileSpec) -> bytes:
    assert spec.path is not None
    return Path(spec.path).read_bytes()


def left_in(folder: Path) -> int:
    return len(list(folder.iterdir()))


async def torn() -> AsyncIterator[bytes]:
    yield b"x" * 100
    raise ConnectionError


async def test_a_file_is_kept_as_it_came(tmp_path: Path) -> None:
    pieces = [bytes([number]) * 70_000 for number in range(40)]
    spec = await Uploads(tmp_path).take(FILM, None, body(*pieces))
    assert stored(spec) == b"".join(pieces)
    assert (spec.kind, spec.name, spec.duration) == (FileKind.VIDEO, "film.mp4", 60)


async def test_an_empty_file_is_one(tmp_path: Path) -> None:
    spec = await Uploads(tmp_path).take(FILM, 0, body())
    assert stored(spec) == b""


async def test_what_says_that_it_is_too_large_is_not_read(tmp_path: Path) -> None:
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("read")
        yield b""

    with pytest.raises(TooLargeError):
        await Uploads(tmp_path, most_of_one=100).take(FILM, 101, never())


@pytest.mark.parametrize("length", [None, 100])
async def test_what_turns_out_too_large_leaves_nothing(tmp_path: Path, length: int | None) -> None:
    uploads = Uploads(tmp_path, most_of_one=100, most_of_all=150)
    with pytest.raises(TooLargeError):
        await uploads.take(FILM, length, body(b"x" * 60, b"x" * 41))
    assert left_in(tmp_path) == 0
    # Nor does it take up room.
    await uploads.take(FILM, 100, body(b"x" * 100))


async def test_all_together_are_bounded(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, most_of_one=100, most_of_all=150)
    await uploads.take(FILM, 100, body(b"x" * 100))
    with pytest.raises(TooLargeError):
        await uploads.take(FILM, None, body(b"x" * 51))
    await uploads.take(FILM, None, body(b"x" * 50))
    assert left_in(tmp_path) == 2


async def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        await Uploads(tmp_path).take(FILM, None, torn())
    assert left_in(tmp_path) == 0


def test_what_the_browser_says_is_believed_within_bounds() -> None:
    told = {"name": "x" * 1000, "type": "video/mp4", "kind": "video", "duration": "60"}
    assert len(Described.by(told).name) == 255
    assert Described.by({}) == Described("file", "application/octet-stream", FileKind.DOCUMENT)
    odd = {"kind": "../etc", "duration": "-1", "width": "1e9", "height": "9" * 5000}
    assert Described.by(odd) == Described.by({})
    assert Described.by({"width": "99999"}).width == 10_000


async def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    told = Described("../../evil", "text/plain", FileKind.DOCUMENT)
    spec = await Uploads(folder).take(told, None, body(b"x"))
    assert spec.path is not None
    assert Path(spec.path).parent == folder
