"""Who gets links: ALLOWED_USERS, and members of FORCE_SUB_CHANNEL (rule 29)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from telpher.bot import keyboards
from telpher.bot.turn import Answer, Turn
from telpher.errors import NotFoundError
from telpher.service.membership import ForceSub
from telpher.service.people import Access
from telpher.telegram.chats import Membership
from telpher.telegram.gateway import Button

JOINED: Final = "joined"  # the press "I have joined"; its argument is the id of the file's message


class Gate:
    """Asked before a link is made; says itself why there is none. Admins are let in."""

    def __init__(self, access: Access, force_sub: ForceSub | None = None) -> None:
        self._access = access
        self._force_sub = force_sub

    async def lets_in(self, turn: Turn) -> bool:
        """Whether the one whose turn it is may have links made. Raises TelegramError in trouble."""
        if self._access.is_admin(turn.user_id):
            return True
        if not self._access.may_make_links(turn.user_id):
            await turn.say(turn.render("refused.not_allowed"))
            return False
        match await self.membership(turn.user_id):
            case Membership.MEMBER:
                return True
            case Membership.OUTSIDE:
                await turn.say(await self._invitation(turn))
            case Membership.UNKNOWN:
                await turn.say(turn.render("refused.unverified"))
        return False

    async def membership(self, user_id: int) -> Membership:
        """Where FORCE_SUB_CHANNEL is not set, everybody is a member."""
        if self._force_sub is None:
            return Membership.MEMBER
        return await self._force_sub.membership(user_id)

    async def _invitation(self, turn: Turn) -> Answer:
        title, invite = "", ""
        if self._force_sub is not None:
            try:
                channel = await self._force_sub.info()
            except NotFoundError:
                pass
            else:
                title, invite = channel.title, channel.invite
        return Answer(turn.render("gate.join", title=title), tuple(_join_buttons(turn, invite)))


def _join_buttons(turn: Turn, invite: str) -> Iterator[tuple[Button, ...]]:
    if invite:
        yield (Button(turn.plain("button.join"), url=invite),)
    message_id = str(turn.message.ref.message_id)
    yield (Button(turn.plain("button.joined"), data=keyboards.data(JOINED, message_id)),)
