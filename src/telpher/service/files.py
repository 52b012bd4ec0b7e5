"""What people are told of a file, the same in the bot's messages and on the web's pages. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from telpher.core import display, mime, names
from telpher.core.model import FileInfo

# A message holds 4096 characters and a name is one of several lines; more is not read anyway.
SHOWN_NAME = 200


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
        name=display.one_line(names.safe_name(info), SHOWN_NAME),
        size=display.size(info.size),
        duration=display.duration(info.duration),
        type=mime.media_type(info),
    )
