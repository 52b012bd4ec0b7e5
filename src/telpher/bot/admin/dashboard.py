"""The way to the dashboard: a link that signs one admin in, once, for ten minutes (rule 20).

dashboard    makes a link, and shows it; its button New link leads to the same

Telegram takes no local address in a button: then the text alone carries the link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telpher.bot import keyboards
from telpher.bot.admin import shown
from telpher.bot.areas import Offer, Press, Who
from telpher.bot.turn import Answer, Turn
from telpher.service.sign_in import GOOD_FOR
from telpher.telegram.gateway import Button

_PRESS: Final = "dashboard"

Invite = Callable[[int], str]


class DashboardDoor:
    """The area; `invite` makes the address of a link for the admin of that id."""

    def __init__(self, invite: Invite) -> None:
        self._invite = invite

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(presses=(Press(_PRESS, self._show, Who.ADMINS),))

    async def _show(self, turn: Turn, _argument: str) -> None:
        if turn.chat_id < 0:  # in a group others would read it
            await turn.end_spinner(turn.plain("press.stale"), alert=True)
            return
        link = self._invite(turn.user_id)
        text = turn.render("dashboard.text", link=link, minutes=GOOD_FOR // 60)
        away = (shown.button(turn, "dashboard_new", _PRESS), shown.to_panel(turn))
        if turn.local_urls or keyboards.is_public(link):
            there = (Button(turn.plain("button.dashboard_open"), url=link),)
            await turn.show(Answer(text, (there, away)))
        else:
            await turn.show(Answer(text, (away,)))
