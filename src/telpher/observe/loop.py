"""By how much the event loop is late: what everybody waits for whenever something computes too long
in one piece, or the machine has no time for this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import LOOP_LATE

EVERY: Final = 0.5


class LoopWatch:
    """Asks to be woken, and looks how late it was."""

    def __init__(
        self, metrics: Metrics, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._metrics = metrics
        self._sleep = sleep

    async def run(self) -> None:
        """A job, until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            due = time() + EVERY
            await self._sleep(EVERY)
            self._metrics.observe(LOOP_LATE, max(0.0, time() - due))
