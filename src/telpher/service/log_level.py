"""How much is logged: LOG_LEVEL, until an admin chooses something else in the panel (rule 31).

The choice holds in this process at once; the database keeps it, so that it survives a restart and
reaches the other instances. While the database is away the choice waits for it here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.storage.base import ValueStore
from telpher.telegram.timing import Sleep

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Seconds between two looks at what another instance's admin chose.
LOOK_EVERY: Final = 10.0

_NAME: Final = "log level"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def _unheard() -> None:
    """Where there are no others."""


class LogLevel:
    """See the module. `default` is LOG_LEVEL, which holds already; `apply` sets another one."""

    def __init__(
        self, values: ValueStore, clock: Clock, default: str, apply: Callable[[str], None]
    ) -> None:
        self._values = values
        self._clock = clock
        self._apply = apply
        self.ring: Callable[[], Awaitable[None]] = _unheard
        """Tells the other instances to look now; neither fails nor takes long."""
        self._unsaved = False
        self._choice = ""
        self.default = default
        self.current = default

    async def choose(self, level: str) -> bool:
        """Sets it, to one of LEVELS or back to LOG_LEVEL (empty). False while it is not kept."""
        self._set(level)
        self._unsaved = True
        _log.warning("the log level was changed", level=self.current)
        try:
            await self.refresh()
        except StorageError:
            return False
        await self.ring()
        return True

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Follows the database until cancelled. Raises StorageError while it is away: a job."""
        while True:
            await self.refresh()
            await sleep(LOOK_EVERY)

    async def refresh(self) -> None:
        """Tells the database what was chosen here, or hears from it what was. StorageError."""
        if self._unsaved:
            await self._save()
            return
        value = await self._values.get(_NAME)
        if not self._unsaved:  # nobody chose meanwhile
            self._set(value.data.decode("ascii", "replace") if value else "")

    async def _save(self) -> None:
        choice = self._choice
        if choice:
            await self._values.put(_NAME, choice.encode(), self._clock.now())
        else:
            await self._values.drop(_NAME)
        self._unsaved = self._choice != choice

    def _set(self, choice: str) -> None:
        """What is no level, as an older or newer telpher may have kept, means LOG_LEVEL."""
        self._choice = choice if choice in LEVELS else ""
        level = self._choice or self.default
        if level != self.current:
            self.current = level
            self._apply(level)
