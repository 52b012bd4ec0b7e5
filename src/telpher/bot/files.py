"""A file sent or forwarded in private, and its answer: what it is, its link, its buttons (rules 24
and 26)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

from telpher.bot import keyboards
from telpher.bot.areas import Offer
from telpher.bot.language import Html, Texts
from telpher.bot.turn import Answer, Turn
from telpher.core.model import FileInfo, MessageRef
from telpher.service.files import describe
from telpher.service.links import Links, LinkService
from telpher.service.people import Access


class LinkMade(Protocol):
    """Told of each link that is made, before it is sent: must neither wait nor fail."""

    def __call__(self, ref: MessageRef) -> None:
        """`ref` is the message that the link names."""
        ...


def nobody(ref: MessageRef) -> None:
    """A LinkMade where nobody wants to know."""


class Files:
    """The area of files."""

    def __init__(self, links: LinkService, access: Access, link_made: LinkMade = nobody) -> None:
        self._links = links
        self._access = access
        self._link_made = link_made

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer()

    async def answer(self, turn: Turn) -> None:
        """Answers a file in private with its link."""
        message = turn.message
        if message.file is None:
            return
        if not self._access.may_make_links(turn.user_id):
            await turn.say(turn.render("refused.not_allowed"))
            return
        links = self._links.make(message.ref, message.file)
        self._link_made(message.ref)
        answer = file_answer(turn.texts, turn.reader.language, message.file, links)
        await turn.say(answer, as_reply=True)


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
