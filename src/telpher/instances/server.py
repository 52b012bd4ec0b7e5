"""The way to Redis: a quarter of a second for each question, and some rest after a failure."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from telpher.clock import Clock
from telpher.errors import SettingsError
from telpher.storage.rest import Rest

# Seconds for one question. In the same data centre Redis answers within one millisecond.
PATIENCE: Final = 0.25

# Seconds for which it is left alone after a failure.
PAUSE: Final = 5.0

# What is wrong, and what to do.
NO_CLIENT: Final = (
    "REDIS_URL is set, but the client for Redis is not installed.",
    "Install telpher[redis], or leave REDIS_URL empty.",
)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_T = TypeVar("_T")


class RedisServer:
    """Connects with the first question. Raises SettingsError when the client is missing."""

    def __init__(self, url: str, clock: Clock) -> None:
        try:
            # An extra: who runs one instance does without.
            library: Any = importlib.import_module("redis.asyncio")
            errors: Any = importlib.import_module("redis.exceptions")
        except ImportError:
            raise SettingsError([" ".join(NO_CLIENT)]) from None
        self.client: Any = library.from_url(
            url, decode_responses=True, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE
        )
        # The last one is uvloop's word for a connection that was reset; the client lets it through.
        self.failures: tuple[type[Exception], ...] = (
            errors.RedisError,
            OSError,
            TimeoutError,
            RuntimeError,
        )
        self._rest = Rest(clock, PAUSE)

    @property
    def answers(self) -> bool:
        """Whether it did when it was asked last, which is every few seconds."""
        return not self._rest.troubled

    async def ask(self, question: Callable[[Any], Awaitable[_T]]) -> _T | None:
        """What `question` has of the client; None when there is no answer in time."""
        if self._rest.resting:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await question(self.client)
        except self.failures as error:
            if self._rest.failed():
                _log.warning("Redis does not answer: instances count alone", cause=repr(error))
            return None
        if self._rest.succeeded():
            _log.info("Redis answers again: instances count together")
        return answer

    async def close(self) -> None:
        """Ends the connections."""
        await self.client.aclose()
