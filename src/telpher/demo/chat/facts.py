"""A message as the page draws it: plain JSON, nothing in it is markup.

Texts go out as they are, with marks beside them, and the page puts them where no browser looks for
HTML. Names of files and people lose what could turn their writing direction around.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from telpher.core import display
from telpher.demo.chat.cast import Place, name
from tgfake.person import Button, Mark, Seen
from tgfake.world import Chat, File
from tgfake.world.directory import Directory
from tgfake.world.messages import found_entities
from tgfake.world.peers import Peer
from tgfake.world.reading import marks_of, name_of, note_of, origin_name

# Bytes; Telegram takes no larger ones as photos, and all of one is in memory when it is shown.
LARGEST_PHOTO = 10 << 20


def facts(seen: Seen, who: str, place: Place, directory: Directory) -> dict[str, Any]:
    """The message `seen` in `place`, as `who` sees it."""
    origin = origin_name(directory, seen.message)
    return {
        "id": seen.id,
        "out": seen.out,
        "from": name(name_of(directory, Peer.from_marked(seen.sender_id))),
        "sender": seen.sender_id,
        "text": seen.text,
        "marks": [_mark(mark) for mark in _marks(seen)],
        "file": None
        if seen.file is None
        else _file(seen.file, f"picture/{who}/{place.id}/{seen.id}"),
        "buttons": [[_button(button) for button in row] for row in seen.buttons],
        "date": seen.date,
        "edited": seen.edited is not None,
        "reply": seen.reply_to,
        "group": None if seen.grouped_id is None else str(seen.grouped_id),
        "origin": None if origin is None else name(origin),
        "note": note_of(directory, seen.message),
        "link": _link(place, seen),
    }


def web_address(url: str | None) -> str | None:
    """`url` where a browser may be sent there: by http and https alone, never javascript: and the
    like."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def picture_of(file: File) -> bytes | None:
    """What shows a file at a glance: the photo itself, or its thumbnail."""
    if not file.is_photo:
        return file.thumb
    return file.source.read(0, file.size) if file.size <= LARGEST_PHOTO else None


def _marks(seen: Seen) -> list[Mark]:
    """Those that were given, and the links and commands that clients find in the rest."""
    given = seen.marks
    found = marks_of(found_entities(seen.text))
    free = [each for each in found if not any(_overlap(each, mark) for mark in given)]
    return [*given, *free]


def _overlap(one: Mark, other: Mark) -> bool:
    return one.offset < other.offset + other.length and other.offset < one.offset + one.length


def _mark(mark: Mark) -> list[Any]:
    return [mark.kind, mark.offset, mark.length, web_address(mark.url)]


def _file(file: File, picture: str) -> dict[str, Any]:
    spec = file.spec
    return {
        "kind": file.kind.value,
        "name": name(spec.name),
        "title": name(spec.title),
        "by": name(spec.performer),
        "size": display.size(file.size),
        "duration": display.duration(spec.duration) if spec.duration else "",
        "width": spec.width,
        "height": spec.height,
        "picture": picture if file.is_photo or file.thumb else None,
    }


def _button(button: Button) -> dict[str, Any]:
    """A button without its data: the page names it by its place."""
    if button.url is not None:
        return {"text": button.text, "url": web_address(button.url)}
    if button.copy is not None:
        return {"text": button.text, "copy": button.copy}
    return {"text": button.text}


def _link(place: Place, seen: Seen) -> str | None:
    """The message's address, where its chat has a public name."""
    chat = place.chat
    public = isinstance(chat, Chat) and chat.username
    return f"https://t.me/{public}/{seen.id}" if public else None
