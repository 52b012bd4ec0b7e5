"""Many links in one answer: as text while they fit into a message, else as a .txt document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.core import names
from telpher.service.batches import Entry
from telpher.service.files import describe
from telpher.telegram.gateway import TEXT_LIMIT, Document

# Of a message's length, in UTF-16 units; the rest is for what is said below.
_ROOM: Final = TEXT_LIMIT - 500


def listing(turn: Turn, entries: Sequence[Entry], title: str, closing: Answer) -> Answer:
    """`entries` in order, then `closing`, with its buttons; `title` names the document."""
    text = "\n\n".join(
        turn.render("listing.entry", name=describe(each.info).name, link=each.links.stream)
        for each in entries
    )
    if len(text.encode("utf-16-le")) // 2 <= _ROOM:
        return Answer(Html(f"{text}\n\n{closing.html}"), closing.keyboard)
    document = Document(names.ascii_name(f"{title}.txt"), as_file(entries))
    return Answer(closing.html, closing.keyboard, document=document)


def as_file(entries: Sequence[Entry]) -> bytes:
    """Rule 46: name, link, empty line."""
    parts = (f"{describe(each.info).name}\n{each.links.stream}\n\n" for each in entries)
    return "".join(parts).encode("utf-8", "replace")
