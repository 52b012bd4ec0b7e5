import pytest

from telpher.core.model import FileInfo, Kind
from telpher.service.files import SHOWN_NAME, describe


def info(**changes):
    values = {
        "document_id": 1,
        "size": 1536,
        "mime_type": "video/x-matroska",
        "name": "film.mkv",
        "kind": Kind.VIDEO,
        "date": 0,
        "duration": 90,
    }
    return FileInfo(**(values | changes))


def test_a_file_is_described_in_the_kept_forms():
    shown = describe(info())
    assert (shown.name, shown.size, shown.duration, shown.type) == (
        "film.mkv",
        "1.50 KB",
        "01:30",
        "video/x-matroska",
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_a_file_without_a_name_still_has_one(kind):
    assert describe(info(name="", kind=kind, size=0, duration=0)).name


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("VIDEO/MP4", "video/mp4"),
        (" image/svg+xml ", "image/svg+xml"),
        ("", "video/x-matroska"),
        ("application/octet-stream", "video/x-matroska"),
        ("video", "application/octet-stream"),
        ("a/b\n<script>", "application/octet-stream"),
        ("a/" + "b" * 128, "application/octet-stream"),
        ("text/plain; charset=x", "text/plain"),
    ],
)
def test_only_a_well_formed_type_is_shown(declared, shown):
    assert describe(info(mime_type=declared)).type == shown


@pytest.mark.parametrize(
    "name",
    ["a" * 5000 + ".mkv", "😀" * 5000 + ".mkv", "a\nb\rc\td.mkv", "\u202egpj.exe", "\x00", " "],
)
def test_any_name_is_shown_in_one_short_line(name):
    shown = describe(info(name=name)).name
    assert 0 < len(shown) <= SHOWN_NAME
    assert shown.splitlines() == [shown]
    assert "\u202e" not in shown
