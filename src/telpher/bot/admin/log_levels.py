"""How much is logged, as long as nobody chooses again (rule 31).

log_level          the page
log_set:LEVEL      sets it; without a level, back to what LOG_LEVEL says
"""

from __future__ import annotations

from typing import Final

from telpher.bot import keyboards
from telpher.bot.admin import shown
from telpher.bot.areas import Offer, Press, Who
from telpher.bot.turn import Answer, Turn
from telpher.service.log_level import LEVELS, LogLevel
from telpher.telegram.gateway import Button

_PAGE: Final = "log_level"
_SET: Final = "log_set"


class LogLevels:
    """The area of the log level."""

    def __init__(self, log_level: LogLevel) -> None:
        self._log_level = log_level

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            presses=(Press(_PAGE, self._show, Who.ADMINS), Press(_SET, self._set, Who.ADMINS))
        )

    async def _show(self, turn: Turn, _argument: str) -> None:
        await turn.show(self._page(turn))

    async def _set(self, turn: Turn, level: str) -> None:
        if level and level not in LEVELS:
            await turn.end_spinner(turn.plain("press.stale"), alert=True)
            return
        kept = await self._log_level.choose(level)
        note = "press.level_set" if kept else "press.level_not_kept"
        await turn.end_spinner(turn.plain(note), alert=not kept)
        await turn.show(self._page(turn))

    def _page(self, turn: Turn) -> Answer:
        current, default = self._log_level.current, self._log_level.default
        buttons = [_button(level, chosen=level == current) for level in LEVELS]
        text = turn.render("log_level.text", level=current, default=default)
        back = (shown.button(turn, "log_default", _SET), shown.to_panel(turn))
        return Answer(text, (tuple(buttons[:3]), tuple(buttons[3:]), back))


def _button(level: str, *, chosen: bool) -> Button:
    """A level is called the same in every language."""
    return Button(f"✅ {level}" if chosen else level, data=keyboards.data(_SET, level))
