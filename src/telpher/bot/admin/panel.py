"""/admin: the panel, and what is done with it when it is not needed any more.

admin          the panel
admin_close    deletes it
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from telpher.bot.admin import shown
from telpher.bot.areas import Command, Offer, Press, Who
from telpher.bot.turn import Answer, Turn
from telpher.errors import RequestRejectedError

_CLOSE: Final = "admin_close"

# Rows of the panel: the press that a button leads to, which is also its text's name.
_ROWS: Final = (
    ("dashboard", "statistics"),
    ("users", "find_user"),
    ("broadcast",),
    ("banners", "channel"),
    ("log_level", "restart"),
    (_CLOSE,),
)


class Panel:
    """The area of the panel; `presses` are the names of all presses there are: what none of them
    answers has no button."""

    def __init__(self, presses: Collection[str]) -> None:
        self._presses = {*presses, _CLOSE}

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("admin", self._say, Who.ADMINS),),
            presses=(
                Press(shown.PANEL, self._show, Who.ADMINS),
                Press(_CLOSE, self._close, Who.ADMINS),
            ),
        )

    async def _say(self, turn: Turn) -> None:
        await turn.say(self._panel(turn))

    async def _show(self, turn: Turn, _argument: str) -> None:
        await turn.show(self._panel(turn))

    async def _close(self, turn: Turn, _argument: str) -> None:
        try:
            await turn.remove()
        except RequestRejectedError:  # older than the two days in which a bot may
            await turn.show(turn.render("panel.closed"))

    def _panel(self, turn: Turn) -> Answer:
        rows = [
            tuple(shown.button(turn, press, press) for press in row if press in self._presses)
            for row in _ROWS
        ]
        return Answer(turn.render("panel.text"), [row for row in rows if row])
