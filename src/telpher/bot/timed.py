"""How long updates take, told apart by what they are.

A command is named only if the bot has it: anybody may write "/whatever", and metrics know no labels
that anybody may choose.
"""

from __future__ import annotations

from telpher.bot.router import Router
from telpher.clock import Clock
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import UPDATE_SECONDS
from telpher.telegram.gateway import ButtonPress, Incoming


class TimedListener:
    """The router; a Listener."""

    def __init__(self, router: Router, metrics: Metrics, clock: Clock) -> None:
        self._router = router
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, incoming: Incoming) -> None:
        """Has it answered."""
        begun = self._clock.monotonic()
        try:
            await self._router(incoming)
        finally:
            seconds = self._clock.monotonic() - begun
            self._metrics.observe(UPDATE_SECONDS, seconds, self._kind(incoming))

    def _kind(self, incoming: Incoming) -> str:
        if isinstance(incoming, ButtonPress):
            return "press"
        if incoming.file is not None:
            return "file"
        if not incoming.command:
            return "text"
        command = incoming.command.lower()
        return f"/{command}" if command in self._router.table.commands else "unknown command"
