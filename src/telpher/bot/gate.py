"""Who gets links: ALLOWED_USERS, and members of FORCE_SUB_CHANNEL (rule 29)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from telpher.bot import keyboards
from telpher.bot.turn import Answer, Turn
from telpher.errors import NotFoundError
from telpher.service.membership import ForceSub
from telpher.service.people import Access
from telpher.telegram.chats import Membership
from telpher.telegram.gateway import Button

# The press "I have joined"; its argument is MESSAGE,USER: the message with the file, or the command
# that points at it, and who sent it.
JOINED: Final = "joined"

_MESSAGE_ID: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


class Gate:
    """Asked before a link is made; says itself why there is none. Admins are let in."""

    def __init__(self, access: Access, force_sub: ForceSub | None = None) -> None:
        self._access = access
        self._force_sub = force_sub

    async def lets_in(self, turn: Turn) -> bool:
        """Whether the one whose turn it is may have links made. Raises TelegramError in trouble."""
        if self._access.is_admin(turn.user_id):
            return True
        if not turn.user_id and not self._is_open:
            await turn.say(turn.render("refused.anonymous"))
            return False
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

    async def let_in_now(self, turn: Turn, argument: str) -> int:
        """The message for which they may have a link now that they have joined, 0 where they may
        not, or the button is another's: then they have been told."""
        message_id, _, user_id = argument.partition(",")
        theirs = user_id == str(turn.user_id) and self._access.may_make_links(turn.user_id)
        if not theirs or not _MESSAGE_ID.fullmatch(message_id):
            await turn.end_spinner(turn.plain("press.not_for_you"), alert=True)
            return 0
        if await self.membership(turn.user_id) is not Membership.MEMBER:
            await turn.end_spinner(turn.plain("press.not_joined"), alert=True)
            return 0
        return int(message_id)

    async def membership(self, user_id: int) -> Membership:
        """Where FORCE_SUB_CHANNEL is not set, everybody is a member."""
        if self._force_sub is None:
            return Membership.MEMBER
        return await self._force_sub.membership(user_id)

    @property
    def _is_open(self) -> bool:
        """Whether links are for everybody, known or not."""
        return self._force_sub is None and not self._access.allowed

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
    argument = f"{turn.message.ref.message_id},{turn.user_id}"
    yield (Button(turn.plain("button.joined"), data=keyboards.data(JOINED, argument)),)
