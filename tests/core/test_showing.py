"""What a page holds for which file."""

from __future__ import annotations

import pytest

from telpher.core.model import FileInfo, Kind
from telpher.core.showing import Element, Showing, how


def info(mime: str, name: str = "a", size: int = 1000, kind: Kind = Kind.DOCUMENT) -> FileInfo:
    return FileInfo(1, size, mime, name, kind, 0)


@pytest.mark.parametrize(
    ("file", "element", "plays"),
    [
        (info("video/mp4"), Element.VIDEO, True),
        (info("video/x-matroska"), Element.VIDEO, True),
        (info("", "a.mkv"), Element.VIDEO, True),
        (info("", kind=Kind.VIDEO_NOTE), Element.VIDEO, True),
        (info("audio/mpeg"), Element.AUDIO, True),
        (info("", kind=Kind.VOICE), Element.AUDIO, True),
        (info("image/png"), Element.IMAGE, False),
        (info("", kind=Kind.PHOTO), Element.IMAGE, False),
        (info("image/heic"), Element.NOTHING, False),
        (info("image/svg+xml"), Element.NOTHING, False),
        (info("text/plain"), Element.TEXT, False),
        (info("text/plain", size=1 << 20), Element.TEXT, False),
        (info("text/plain", size=(1 << 20) + 1), Element.NOTHING, False),
        (info("text/html"), Element.NOTHING, False),
        (info("application/pdf"), Element.NOTHING, False),
    ],
)
def test_elements(file: FileInfo, element: Element, plays: bool) -> None:
    shown = how(file)
    assert (shown.element, shown.plays) == (element, plays)


@pytest.mark.parametrize("mime", ["video/mp4", "audio/mpeg", "image/png", "text/plain"])
def test_nothing_is_shown_of_an_empty_file(mime: str) -> None:
    shown = how(info(mime, size=0))
    assert (shown.element, shown.plays) == (Element.NOTHING, False)


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [
        ("a.zip", "application/zip", "ZIP"),
        ("a.tar.gz", "application/gzip", "GZ"),
        ("a.PDF", "application/pdf", "PDF"),
        ("a", "application/pdf", "PDF"),
        ("a sentence. And more", "application/zip", "ZIP"),
        ("a.<b>", "application/zip", "ZIP"),
        ("a.שלום", "", ""),
        ("a", "", ""),
    ],
)
def test_a_file_is_known_by_its_extension(name: str, mime: str, kind: str) -> None:
    assert how(info(mime, name)) == Showing(Element.NOTHING, False, kind)
