"""How a page shows a file: in which element, and whether players are of use for it. Pure.

Only what is served inline can be shown at all (`core.mime`). Beyond that a browser must know the
format: a picture that it does not know would be a broken one, while a film that it cannot decode
says so by an event, which the page answers with the players that can.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from telpher.core import mime
from telpher.core.model import FileInfo

# Pictures that every browser draws (Chromium, Firefox, Safari); not HEIC, TIFF and JPEG XL.
_DRAWN: Final = frozenset(
    f"image/{subtype}"
    for subtype in ("jpeg", "jpg", "pjpeg", "png", "apng", "gif", "webp", "bmp", "avif", "x-icon")
)

# A text is shown whole; a larger one is slow to lay out, and is better downloaded.
_MOST_TEXT: Final = 1 << 20


class Element(StrEnum):
    """What the page holds."""

    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    TEXT = "text"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Showing:
    """`plays`: players open it. `kind` names the file where nothing shows it, such as "ZIP"."""

    element: Element
    plays: bool
    kind: str


def how(info: FileInfo) -> Showing:
    """How the file is shown. A file without bytes is not, whatever it is called."""
    served = mime.content_type(info).partition(";")[0]
    family = served.partition("/")[0]
    plays = family in {"video", "audio"} and info.size > 0
    return Showing(
        _element(info.size, served) if info.size else Element.NOTHING, plays, _kind(info)
    )


def _element(size: int, served: str) -> Element:
    family = served.partition("/")[0]
    if family in {"video", "audio"}:
        return Element(family)
    if served in _DRAWN:
        return Element.IMAGE
    return Element.TEXT if served == "text/plain" and size <= _MOST_TEXT else Element.NOTHING


def _kind(info: FileInfo) -> str:
    """The extension in capitals, where it looks like one."""
    _, dot, last = info.name.rpartition(".")
    fits = dot and last.isascii() and last.isalnum() and len(last) <= len("EPUB+")
    return last.upper() if fits else mime.extension(info).lstrip(".").upper()
