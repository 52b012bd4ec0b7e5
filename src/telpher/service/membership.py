"""FORCE_SUB_CHANNEL: only its members get links (rule 29).

Who was a member is believed to be one for a while; who was not is asked about every time, since
they are joining right now. Where Telegram does not say, nobody is a member, and the admins hear of
it: a bot that lets everybody in by mistake is worse than one that says what is wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.errors import NotFoundError
from telpher.telegram.chats import ChatGateway, ChatInfo, Membership

# Seconds: who leaves the channel gets links for so long. A hundred files are one question.
BELIEVED: Final = 300.0

# Seconds for which a channel's title and invite link are believed.
INFO_BELIEVED: Final = 600.0

# Members remembered, so that strangers cannot make the table grow.
MOST_KNOWN: Final = 10_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Alarm = Callable[[str], None]


class ForceSub:
    """Membership of `channel`, a chat id or public name without @. `alarm` tells the admins that
    something must be put right, in one sentence; it neither waits nor fails."""

    def __init__(self, chats: ChatGateway, channel: int | str, clock: Clock, alarm: Alarm) -> None:
        self._chats = chats
        self._channel = channel
        self._clock = clock
        self._alarm = alarm
        self._members: OrderedDict[int, float] = OrderedDict()
        self._info: tuple[ChatInfo, float] | None = None

    async def membership(self, user_id: int) -> Membership:
        """Whether the user is a member. Raises TelegramError in passing trouble."""
        now = self._clock.monotonic()
        if now - self._members.get(user_id, -BELIEVED) < BELIEVED:
            return Membership.MEMBER
        try:
            chat = await self.info()
            membership = await self._chats.membership(chat.chat_id, user_id)
        except NotFoundError:
            membership = Membership.UNKNOWN
        if membership is Membership.MEMBER:
            self._remember(user_id, now)
        elif membership is Membership.UNKNOWN:
            self._alarm(
                "FORCE_SUB_CHANNEL: the bot cannot see who is a member, so nobody gets links. "
                "Make it an admin of that channel."
            )
        return membership

    async def info(self) -> ChatInfo:
        """The channel. Raises NotFoundError when the bot cannot see it, or TelegramError."""
        now = self._clock.monotonic()
        if self._info is None or now - self._info[1] >= INFO_BELIEVED:
            self._info = await self._chats.chat(self._channel), now
        return self._info[0]

    def _remember(self, user_id: int, now: float) -> None:
        self._members[user_id] = now
        self._members.move_to_end(user_id)
        if len(self._members) > MOST_KNOWN:
            self._members.popitem(last=False)
