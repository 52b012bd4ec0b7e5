"""A message that says how far something is, edited now and then.

Telegram counts edits as messages, so there is one every few seconds, and never two alike. Progress
that cannot be shown stops nothing: the work is what counts.
"""

from __future__ import annotations

from typing import Final

import structlog

from telpher.bot.turn import Answer, Turn
from telpher.clock import Clock
from telpher.core.model import MessageRef
from telpher.errors import TelegramError

EVERY: Final = 3.0  # seconds between two edits

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Progress:
    """Shows progress in message `ref`, which the turn has sent."""

    def __init__(self, turn: Turn, ref: MessageRef, clock: Clock) -> None:
        self._turn = turn
        self._ref = ref
        self._clock = clock
        self._shown_at = clock.monotonic()

    async def show(self, answer: Answer) -> None:
        """Shows where it stands, unless that was shown just now."""
        if self._clock.monotonic() - self._shown_at >= EVERY:
            await self.end(answer)

    async def end(self, answer: Answer) -> None:
        """Shows how it ended, in any case."""
        self._shown_at = self._clock.monotonic()
        try:
            await self._turn.show(answer, self._ref)
        except TelegramError as error:
            _log.info("progress not shown", chat_id=self._ref.chat_id, problem=str(error))
