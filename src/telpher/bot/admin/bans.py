"""/ban and /unban, and the buttons below a user.

ban:ID, unban:ID    what the button says, however often it is pressed: two admins at once do
                    not undo each other's work

What was said first is done first, however long it takes to find whom it means: after a restart a
/ban and the /unban that followed may come in together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telpher.bot.admin.card import BAN, UNBAN
from telpher.bot.areas import Command, Offer, Press, Who
from telpher.bot.turn import Answer, Turn
from telpher.core.records import User
from telpher.service.bans import Bans, Outcome
from telpher.service.people import People, user_id_in


class BanArea:
    """The area of bans; `card` makes a user's page."""

    def __init__(self, bans: Bans, people: People, card: Callable[[Turn, User], Answer]) -> None:
        self._bans = bans
        self._people = people
        self._card = card
        self._in_order = asyncio.Lock()

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(
                Command("ban", self._ban, Who.ADMINS),
                Command("unban", self._unban, Who.ADMINS),
            ),
            presses=(
                Press(BAN, self._press_ban, Who.ADMINS),
                Press(UNBAN, self._press_unban, Who.ADMINS),
            ),
        )

    async def _ban(self, turn: Turn) -> None:
        await self._command(turn, banned=True)

    async def _unban(self, turn: Turn) -> None:
        await self._command(turn, banned=False)

    async def _command(self, turn: Turn, *, banned: bool) -> None:
        named = turn.message.arguments
        if not named:
            await turn.say(turn.render("ban.usage"))
            return
        async with self._in_order:
            user_id = await self._meant(named)
            if user_id is not None:
                outcome = await self._bans.set_banned(user_id, banned, turn.user_id)
        if user_id is None:
            await turn.say(turn.render("user.nobody"))
        else:
            await turn.say(turn.render(f"ban.{_said(outcome, banned)}", user_id=user_id))

    async def _meant(self, named: str) -> int | None:
        # An id holds for somebody who was never seen, too.
        user_id = user_id_in(named)
        if user_id is not None:
            return user_id
        found = await self._people.find(named)
        return found.person.user_id if found else None

    async def _press_ban(self, turn: Turn, argument: str) -> None:
        await self._press(turn, argument, banned=True)

    async def _press_unban(self, turn: Turn, argument: str) -> None:
        await self._press(turn, argument, banned=False)

    async def _press(self, turn: Turn, argument: str, *, banned: bool) -> None:
        user_id = user_id_in(argument)
        async with self._in_order:
            user = None if user_id is None else await self._people.find(argument)
            if user_id is not None and user is not None:
                outcome = await self._bans.set_banned(user_id, banned, turn.user_id)
        if user is None:
            await turn.end_spinner(turn.plain("press.nobody"), alert=True)
            return
        await turn.end_spinner(turn.plain(f"press.{_said(outcome, banned)}"))
        now = await self._people.find(argument)
        await turn.show(self._card(turn, now or user))


def _said(outcome: Outcome, banned: bool) -> str:
    if outcome is Outcome.ADMIN:
        return "is_admin"
    if not banned:
        return "pardoned"
    return "banned_unseen" if outcome is Outcome.UNSEEN else "banned_now"
