"""Restart: streams end in their own time, then the process begins anew (rule 31; see `ending`).

    restart              asks
    restart_now:RUN      does it

A press names the run of telpher that it ends. Whatever becomes of the update that carries it, even
if Telegram brings it again after the restart, the next run has another name and lets it be: nothing
loops. When it is back, the message that announced the restart says so.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Final

import structlog

from telpher.bot.admin import shown
from telpher.bot.areas import Offer, Press, Who
from telpher.bot.language import Texts
from telpher.bot.turn import Answer, Turn
from telpher.clock import Clock
from telpher.core import display
from telpher.core.model import MessageRef
from telpher.errors import RequestRejectedError, StorageError, TelegramError
from telpher.storage.base import ValueStore
from telpher.telegram.gateway import BotGateway, Outgoing

_ASK: Final = "restart"
_NOW: Final = "restart_now"
_VALUE: Final = "restart"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Announcement:
    """The message that says telpher restarts, kept so that the next run finds it."""

    def __init__(self, gateway: BotGateway, texts: Texts, values: ValueStore, clock: Clock) -> None:
        self._gateway = gateway
        self._texts = texts
        self._values = values
        self._clock = clock

    async def keep(self, ref: MessageRef, language: str) -> None:
        """Notes it; a database that is away costs the word that telpher is back, no more."""
        now = self._clock.now()
        note = [ref.chat_id, ref.message_id, language, now]
        try:
            await self._values.put(_VALUE, json.dumps(note).encode(), now)
        except StorageError as error:
            _log.warning("a restart cannot be noted", problem=str(error))

    async def run(self) -> None:
        """Says that telpher is back, when it was a restart. Raises StorageError and TelegramError
        in passing trouble: a job."""
        value = await self._values.get(_VALUE)
        if value is None:
            return
        try:
            chat_id, message_id, language, began = json.loads(value.data)
            seconds = display.duration(max(self._clock.now() - began, 1))
            text = self._texts.render("restart.back", language, time=seconds)
            await self._gateway.edit(MessageRef(chat_id, message_id), Outgoing(text))
        except (ValueError, TypeError, RequestRejectedError) as error:
            _log.warning("nobody is told of the restart", problem=str(error))
        await self._values.drop(_VALUE)


class Restarting:
    """The area of the restart; `streams` tells how many there are at this moment, `restart` asks
    for it and returns at once."""

    def __init__(
        self, announcement: Announcement, streams: Callable[[], int], restart: Callable[[], None]
    ) -> None:
        self._announcement = announcement
        self._streams = streams
        self._restart = restart
        self._run = secrets.token_hex(8)

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            presses=(Press(_ASK, self._ask, Who.ADMINS), Press(_NOW, self._now, Who.ADMINS))
        )

    async def _ask(self, turn: Turn, _argument: str) -> None:
        yes = shown.button(turn, _NOW, _NOW, self._run)
        text = turn.render("restart.ask", number=self._streams())
        await turn.show(Answer(text, ((yes, shown.to_panel(turn)),)))

    async def _now(self, turn: Turn, run: str) -> None:
        if run != self._run:
            await turn.end_spinner(turn.plain("press.restarted"), alert=True)
            return
        _log.warning("an admin restarts telpher", by=turn.user_id)
        try:
            await turn.show(turn.render("restart.now"))
        except TelegramError as error:
            _log.warning("a restart is not announced", problem=str(error))
        await self._announcement.keep(turn.press.ref, turn.reader.language)
        # The update is confirmed as handled once this returns: what stops waits for that.
        self._restart()
