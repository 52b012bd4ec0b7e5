"""The answer to a file: what it is, its link, its buttons (rules 24 and 26). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from telpher.bot import keyboards
from telpher.bot.language import Html, Texts
from telpher.bot.pages import Answer
from telpher.core.model import FileInfo
from telpher.service.files import describe
from telpher.service.links import Links


def file_answer(texts: Texts, language: str, info: FileInfo, links: Links) -> Answer:
    """The answer to a file; the text carries the link whether there are buttons or not."""
    shown = describe(info)
    body = texts.render(
        "file.answer",
        language,
        name=shown.name,
        size=shown.size,
        duration=shown.duration,
        type=shown.type,
        link=links.stream,
    )
    parts = (body, *_notes(texts, language, links))
    return Answer(Html("\n\n".join(parts)), keyboards.for_file(texts, language, links))


def _notes(texts: Texts, language: str, links: Links) -> Iterator[Html]:
    if links.claims.expires:
        time = datetime.fromtimestamp(links.claims.expires, UTC).strftime("%Y-%m-%d %H:%M")
        yield texts.render("file.expires", language, time=time)
    if not keyboards.is_public(links.stream):
        yield texts.render("file.local", language)
