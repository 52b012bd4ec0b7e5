"""The bell: who changes what all go by rings it, and all look at the database at once.

It says nothing about what changed. So a ring that is lost, or rung twice, or by a stranger, costs a
look at most: each instance looks by itself every second in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from telpher.instances.server import PATIENCE, PAUSE, RedisServer

CHANNEL: Final = "telpher:look"

# Seconds without a ring after which it is asked whether the way is still open.
QUIET: Final = 5.0

Sleep = Callable[[float], Awaitable[None]]
Heard = Callable[[], Awaitable[None]]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Bell:
    """See the module."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def ring(self) -> None:
        """Has the others look. Never fails, and waits for no more than a moment."""
        await self._server.ask(lambda client: client.publish(CHANNEL, "look"))

    async def run(self, heard: Heard, sleep: Sleep = asyncio.sleep) -> None:
        """Calls `heard` for what was rung, until cancelled: once for many rings at a time, and each
        time it begins to listen, for those before. `heard` must not fail. A job."""
        while True:
            pubsub = self._server.client.pubsub()
            try:
                async with asyncio.timeout(PATIENCE):
                    await pubsub.subscribe(CHANNEL)
                await heard()
                await self._listen(pubsub, heard)
            except self._server.failures as error:
                _log.debug("the bell cannot be heard", cause=repr(error))
            finally:
                await self._part(pubsub)
            await sleep(PAUSE)

    async def _listen(self, pubsub: Any, heard: Heard) -> None:
        """Raises one of the server's failures when the way is no longer open."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=QUIET)
            if message is None:
                if asked:
                    raise TimeoutError("no answer")
                await pubsub.ping()
                asked = True
                continue
            asked = False
            if message["type"] != "message":
                continue
            while await pubsub.get_message(timeout=0):
                pass
            await heard()

    async def _part(self, pubsub: Any) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await pubsub.aclose()
        except self._server.failures as error:
            _log.debug("the bell could not be left in order", cause=repr(error))
