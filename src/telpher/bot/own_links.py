"""/links: one's own links, newest first, with Revoke; and the buttons under a file's answer (rules
24 and 28).

    links:PLACE    the page of links that are older than that place; newest first without one
    link:ID        one link as when it was made
    revoke:ID      asks whether it is to end
    end:ID         ends it

A link is shown and ended only for its owner, and for admins. Its id is no secret that protects it.
In groups, where /stream answers, too, one link can be ended, but the list is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from telpher.bot import keyboards, paging
from telpher.bot.areas import Command, Offer, Press
from telpher.bot.files import file_answer
from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.core import display
from telpher.core.model import FileInfo
from telpher.core.records import LinkRecord
from telpher.errors import StorageError
from telpher.service.links import LinkService
from telpher.service.people import Access
from telpher.service.revocations import Revocations
from telpher.storage.base import LinkStore, PageKey
from telpher.telegram.gateway import Button

ON_A_PAGE: Final = 6

_SHOWN_NAME: Final = 60
_LABEL: Final = 40  # characters of a button; phones show about thirty

_MOST_ID: Final = (1 << 63) - 1


class OwnLinks:
    """The area of one's own links."""

    def __init__(
        self, store: LinkStore, links: LinkService, revocations: Revocations, access: Access
    ) -> None:
        self._store = store
        self._links = links
        self._revocations = revocations
        self._access = access

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("links", self._first),),
            presses=(
                Press("links", self._page),
                Press("link", self._one),
                Press(keyboards.REVOKE, self._ask),
                Press("end", self._end),
            ),
        )

    async def _first(self, turn: Turn) -> None:
        await turn.say(await self._listed(turn, None))

    async def _page(self, turn: Turn, place: str) -> None:
        if turn.chat_id < 0:  # one's links are nobody else's business
            await turn.end_spinner(turn.plain("press.stale"), alert=True)
            return
        await turn.show(await self._listed(turn, paging.read(place)))

    async def _listed(self, turn: Turn, before: PageKey | None) -> Answer:
        found = await self._store.of_owner(turn.user_id, ON_A_PAGE + 1, before)
        shown = found[:ON_A_PAGE]
        if not shown:
            return Answer(turn.render("links.none"), _turning(turn, before, None))
        older = shown[-1] if len(found) > ON_A_PAGE else None
        lines = [turn.render("links.heading"), *(_line(turn, each) for each in shown)]
        rows = [(_button(each),) for each in shown]
        return Answer(Html("\n\n".join(lines)), (*rows, *_turning(turn, before, older)))

    async def _one(self, turn: Turn, argument: str) -> None:
        record = await self._theirs(turn, argument)
        if record is not None:
            await turn.show(self._shown(turn, record))

    async def _ask(self, turn: Turn, argument: str) -> None:
        link_id = link_id_in(argument)
        question = await self._question(turn, link_id)
        if question is None:
            await turn.end_spinner(turn.plain("press.no_link"), alert=True)
            return
        yes = Button(turn.plain("button.end"), data=keyboards.data("end", str(link_id)))
        no = Button(turn.plain("button.keep"), data=keyboards.data("link", str(link_id)))
        await turn.show(Answer(question, ((yes, no),)))

    async def _question(self, turn: Turn, link_id: int) -> Html | None:
        """What is asked before a link ends, None where there is none to end for them. One that was
        made here can end while the database is away, or does not have it yet."""
        made_here = self._revocations.known_to_be_of(turn.user_id, link_id)
        try:
            record = await self._store.get(link_id)
        except StorageError:
            if not made_here:
                raise
            record = None
        if record is not None and self._is_theirs(turn, record):
            return turn.render("links.ask", name=display.one_line(record.name, _SHOWN_NAME))
        return turn.render("links.ask_this") if record is None and made_here else None

    async def _end(self, turn: Turn, argument: str) -> None:
        link_id = link_id_in(argument)
        is_admin = self._access.is_admin(turn.user_id)
        if not await self._revocations.revoke(link_id, turn.user_id, is_admin=is_admin):
            await turn.end_spinner(turn.plain("press.no_link"), alert=True)
            return
        await turn.show(Answer(turn.render("links.ended"), _turning(turn, PageKey(0, 0), None)))

    async def _theirs(self, turn: Turn, argument: str) -> LinkRecord | None:
        """The link, if it lives and the one who presses may see it; else they are told."""
        record = await self._store.get(link_id_in(argument))
        if record is None or not self._is_theirs(turn, record):
            await turn.end_spinner(turn.plain("press.no_link"), alert=True)
            return None
        return record

    def _is_theirs(self, turn: Turn, record: LinkRecord) -> bool:
        """Whether the link lives and the one who presses may see it."""
        mine = record.owner == turn.user_id or self._access.is_admin(turn.user_id)
        return mine and not record.revoked

    def _shown(self, turn: Turn, record: LinkRecord) -> Answer:
        links = self._links.rewrite(record)
        return file_answer(turn, _info(record), links)


def _line(turn: Turn, record: LinkRecord) -> Html:
    return turn.render(
        "links.entry",
        name=display.one_line(record.name, _SHOWN_NAME),
        size=display.size(record.size),
        time=datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d"),
        plays=turn.texts.count("links.plays", turn.reader.language, record.plays),
    )


def _button(record: LinkRecord) -> Button:
    label = display.one_line(record.name, _LABEL)
    return Button(label, data=keyboards.data("link", str(record.link_id)))


def _turning(
    turn: Turn, before: PageKey | None, last: LinkRecord | None
) -> Sequence[Sequence[Button]]:
    """Newest, where the page is another; Older, where there is more after `last`. In groups
    neither: the list is shown in private alone."""
    if turn.chat_id < 0:
        return ()
    buttons = []
    if before is not None:
        buttons.append(Button(turn.plain("button.newest"), data=keyboards.data("links")))
    if last is not None:
        place = paging.written(PageKey(last.created, last.link_id))
        buttons.append(Button(turn.plain("button.older"), data=keyboards.data("links", place)))
    return (buttons,) if buttons else ()


def link_id_in(argument: str) -> int:
    """The link's id; 0, which none has, for anything else."""
    digits = argument.isascii() and argument.isdigit() and len(argument) <= 19
    return int(argument) if digits and int(argument) <= _MOST_ID else 0


def _info(record: LinkRecord) -> FileInfo:
    """What the record tells of the file; its type follows from its name and kind."""
    return FileInfo(
        record.document_id, record.size, "", record.name, record.kind, 0, record.duration
    )
