"""Hands incoming updates to the listener, each in a task of its own; `inbox` says which is next."""

from __future__ import annotations

import asyncio

import structlog

from telpher.telegram.gateway import Incoming, Listener
from telpher.telegram.inbox import Inbox

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Dispatcher:
    """Updates come in by `offer`, from wherever; `run` lets the listener have them."""

    def __init__(self) -> None:
        self._inbox: Inbox[Incoming] = Inbox()
        self._work = asyncio.Event()

    def offer(self, incoming: Incoming) -> None:
        """Queues an update. One too many from one chat is dropped, and the log says so."""
        if self._inbox.offer(incoming.ref.chat_id, incoming):
            self._work.set()
        else:
            _log.warning("too many updates are waiting; one was dropped")

    async def run(self, listener: Listener) -> None:
        """Calls `listener` for every update until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._work.wait()
                self._work.clear()
                for chat, incoming in self._inbox.take():
                    group.create_task(self._handle(listener, chat, incoming))

    async def _handle(self, listener: Listener, chat: int, incoming: Incoming) -> None:
        try:
            # The boundary of a conversation: a fault in one must not end all others.
            (outcome,) = await asyncio.gather(listener(incoming), return_exceptions=True)
            if isinstance(outcome, Exception):
                kind = type(incoming).__name__
                _log.error("an update could not be handled", kind=kind, exc_info=outcome)
        finally:
            self._inbox.finished(chat)
            self._work.set()
