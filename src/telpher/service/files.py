"""What people are told of a file, the same in the bot's messages and on the web's pages. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from telpher.core import display, mime, names
from telpher.core.model import FileInfo

# A message holds 4096 characters and a name is one of several lines; more is not read anyway.
SHOWN_NAME = 200

# Unicode categories: what breaks a line becomes a space. What is left out are halves of characters,
# which cannot be sent, and format characters such as the direction overrides that make "exe.gpj"
# read "jpg.exe"; joiners stay, since emoji and several scripts need them.
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cf", "Cs"})
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Description:
    """Ready to be shown, but not escaped: `name` in one line of at most 200 characters, `size` and
    `duration` as rule 41 writes them, `type` as it is known, which need not be served so."""

    name: str
    size: str
    duration: str
    type: str


def describe(info: FileInfo) -> Description:
    """What people are told of `info`."""
    return Description(
        name=one_line(names.safe_name(info), SHOWN_NAME),
        size=display.size(info.size),
        duration=display.duration(info.duration),
        type=mime.media_type(info),
    )


def one_line(text: str, limit: int) -> str:
    """`text` without anything that breaks or turns the line, at most `limit` characters.

    The middle goes first: a long file name is told apart by its beginning, its end holds the type.
    """
    line = " ".join("".join(map(_shown, text)).split())
    if len(line) <= limit:
        return line
    tail = limit // 4
    return f"{line[: limit - tail - 1]}…{line[-tail:]}"


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _BREAKS:
        return " "
    return "" if category in _INVISIBLE and character not in _JOINERS else character
