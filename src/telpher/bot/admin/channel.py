"""FORCE_SUB_CHANNEL as the bot sees it at this moment: what is wrong with it is said here.

channel    the page; its Refresh button leads to the same
"""

from __future__ import annotations

from typing import Final

from telpher.bot.admin import shown
from telpher.bot.areas import Offer, Press, Who
from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.core import display
from telpher.errors import NotFoundError
from telpher.telegram.chats import ChatGateway, ChatInfo

_PRESS: Final = "channel"
_SHOWN_TITLE: Final = 128  # characters: the longest that Telegram takes


class Channel:
    """The area of the channel; `named` is its chat id or public name, None where none is set."""

    def __init__(self, chats: ChatGateway, named: int | str | None) -> None:
        self._chats = chats
        self._named = named

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(presses=(Press(_PRESS, self._show, Who.ADMINS),))

    async def _show(self, turn: Turn, _argument: str) -> None:
        buttons = (shown.button(turn, "refresh", _PRESS), shown.to_panel(turn))
        await turn.show(Answer(await self._text(turn), (buttons,)))

    async def _text(self, turn: Turn) -> Html:
        if self._named is None:
            return turn.render("channel.none")
        try:
            return _described(turn, await self._chats.chat(self._named))
        except NotFoundError:
            return turn.render("channel.unseen", title=self._named)


def _described(turn: Turn, chat: ChatInfo) -> Html:
    return turn.render(
        "channel.card",
        title=display.one_line(chat.title, _SHOWN_TITLE) or shown.NEVER,
        username=f"@{chat.username}" if chat.username else turn.render("channel.private"),
        user_id=chat.chat_id,
        number=shown.NEVER if chat.members is None else chat.members,
        invite=chat.invite or turn.render("channel.no_invite"),
        state=turn.render("channel.sees" if chat.sees_members else "channel.blind"),
    )
