"""Somebody's links, as an admin sees and ends them.

links_of:USER[;PLACE]    a page of them, newest first
link_of:LINK             one of them
ask_end_of:LINK          asks whether it is to end
end_of:LINK              ends it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telpher.bot import keyboards, paging
from telpher.bot.admin import shown
from telpher.bot.admin.card import LINKS_OF, USER
from telpher.bot.areas import Offer, Press, Who
from telpher.bot.language import Html
from telpher.bot.own_links import link_id_in
from telpher.bot.turn import Answer, Turn
from telpher.core import display
from telpher.core.records import LinkRecord
from telpher.service.people import user_id_in
from telpher.service.revocations import Revocations
from telpher.storage.base import LinkStore, PageKey
from telpher.telegram.gateway import Button

ON_A_PAGE: Final = 8

_SHOWN_NAME: Final = 60
_LABEL: Final = 40


class UserLinks:
    """The area of other people's links."""

    def __init__(self, store: LinkStore, revocations: Revocations) -> None:
        self._store = store
        self._revocations = revocations

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            presses=(
                Press(LINKS_OF, self._page, Who.ADMINS),
                Press("link_of", self._one, Who.ADMINS),
                Press("ask_end_of", self._ask, Who.ADMINS),
                Press("end_of", self._end, Who.ADMINS),
            )
        )

    async def _page(self, turn: Turn, argument: str) -> None:
        owner_text, _, place = argument.partition(";")
        owner = user_id_in(owner_text)
        if owner is None:
            await turn.end_spinner(turn.plain("press.nobody"), alert=True)
            return
        before = paging.read(place)
        found = await self._store.of_owner(owner, ON_A_PAGE + 1, before)
        older = found[ON_A_PAGE - 1] if len(found) > ON_A_PAGE else None
        rows = [(_button(each),) for each in found[:ON_A_PAGE]]
        text = turn.render("user_links.heading" if rows else "user_links.none", user_id=owner)
        turning = _turning(turn, owner, older, first=before is None)
        away = (shown.button(turn, "to_user", USER, owner), shown.to_panel(turn))
        await turn.show(Answer(text, [row for row in (*rows, turning, away) if row]))

    async def _one(self, turn: Turn, argument: str) -> None:
        record = await self._living(turn, argument)
        if record is not None:
            end = shown.button(turn, "revoke", "ask_end_of", record.link_id)
            back = shown.button(turn, "to_links", LINKS_OF, record.owner)
            await turn.show(Answer(_described(turn, record), ((end,), (back,))))

    async def _ask(self, turn: Turn, argument: str) -> None:
        record = await self._living(turn, argument)
        if record is not None:
            yes = shown.button(turn, "end", "end_of", record.link_id)
            no = shown.button(turn, "keep", "link_of", record.link_id)
            name = display.one_line(record.name, _SHOWN_NAME)
            await turn.show(Answer(turn.render("links.ask", name=name), ((yes, no),)))

    async def _end(self, turn: Turn, argument: str) -> None:
        link_id = link_id_in(argument)
        if not await self._revocations.revoke(link_id, turn.user_id, is_admin=True):
            await turn.end_spinner(turn.plain("press.no_such_link"), alert=True)
            return
        # That holds, even if the database, which knows whose it was, is away now.
        await turn.end_spinner(turn.plain("press.link_ended"))
        record = await self._store.get(link_id)
        back = shown.button(turn, "to_links", LINKS_OF, record.owner) if record else None
        away = (back, shown.to_panel(turn)) if back else (shown.to_panel(turn),)
        await turn.show(Answer(turn.render("links.ended"), (away,)))

    async def _living(self, turn: Turn, argument: str) -> LinkRecord | None:
        """The link, unless it was revoked: then that is said."""
        record = await self._store.get(link_id_in(argument))
        if record is None or record.revoked:
            await turn.end_spinner(turn.plain("press.no_such_link"), alert=True)
            return None
        return record


def _described(turn: Turn, record: LinkRecord) -> Html:
    return turn.render(
        "user_links.card",
        name=display.one_line(record.name, _SHOWN_NAME),
        user_id=record.owner,
        size=display.size(max(record.size, 0)),
        joined=shown.time(record.created),
        time=shown.time(record.expires) if record.expires else turn.render("user_links.endless"),
        number=record.plays,
        size_day=display.size(max(record.bytes_served, 0)),
        last=shown.time(record.last_play),
    )


def _button(record: LinkRecord) -> Button:
    label = display.one_line(record.name, _LABEL)
    return Button(label, data=keyboards.data("link_of", str(record.link_id)))


def _turning(turn: Turn, owner: int, last: LinkRecord | None, *, first: bool) -> Sequence[Button]:
    buttons = [] if first else [shown.button(turn, "newest", LINKS_OF, owner)]
    if last is not None:
        place = paging.written(PageKey(last.created, last.link_id))
        buttons.append(shown.button(turn, "older", LINKS_OF, f"{owner};{place}"))
    return buttons
