"""Hands incoming updates to the listener, each in a task of its own; `inbox` says which is next.

Updates are numbered as they come in, so that it can be said how far they were handled to their end:
up to the oldest one that is still waiting or being handled.
"""

from __future__ import annotations

import asyncio

import structlog

from telpher.telegram.gateway import Incoming, Listener
from telpher.telegram.inbox import Inbox

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Numbered = tuple[int, Incoming]


class Dispatcher:
    """Updates come in by `offer`, from wherever; `run` lets the listener have them."""

    def __init__(self) -> None:
        self._inbox: Inbox[_Numbered] = Inbox()
        self._work = asyncio.Event()
        self._offered = 0
        self.dropped = 0
        """Updates that were one too many, since the start."""
        # In order, since numbers rise and a dict remembers: the first one is the oldest.
        self._unfinished: dict[int, None] = {}
        self._finished = asyncio.Event()

    @property
    def offered(self) -> int:
        """How many updates have come in: the number of the last one."""
        return self._offered

    @property
    def waiting(self) -> int:
        """How many updates nobody handles yet."""
        return self._inbox.waiting

    def handled(self, number: int) -> bool:
        """Whether all updates up to that number were handled to their end."""
        return next(iter(self._unfinished), number + 1) > number

    async def drained(self, number: int) -> None:
        """Returns when they were."""
        while not self.handled(number):
            self._finished.clear()
            await self._finished.wait()

    def offer(self, incoming: Incoming) -> None:
        """Queues an update. One too many from one chat is dropped, and the log says so."""
        self._offered += 1
        if self._inbox.offer(incoming.ref.chat_id, (self._offered, incoming)):
            self._unfinished[self._offered] = None
            self._work.set()
        else:
            self.dropped += 1
            _log.warning("too many updates are waiting; one was dropped")

    async def run(self, listener: Listener) -> None:
        """Calls `listener` for every update until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._work.wait()
                self._work.clear()
                for chat, (number, incoming) in self._inbox.take():
                    group.create_task(self._handle(listener, chat, number, incoming))

    async def _handle(self, listener: Listener, chat: int, number: int, incoming: Incoming) -> None:
        _bind(incoming)
        # The boundary of a conversation: a fault in one must not end all others. (Cancelled, it was
        # not handled to its end: the next run of telpher does that.)
        (outcome,) = await asyncio.gather(listener(incoming), return_exceptions=True)
        if isinstance(outcome, Exception):
            kind = type(incoming).__name__
            _log.error("an update could not be handled", kind=kind, exc_info=outcome)
        self._inbox.finished(chat)
        del self._unfinished[number]
        self._finished.set()
        self._work.set()


def _bind(incoming: Incoming) -> None:
    """Whose update it is stands under every entry that is written while it is handled."""
    about = {"chat_id": incoming.ref.chat_id, "message_id": incoming.ref.message_id}
    if incoming.sender is not None:
        about["user_id"] = incoming.sender.user_id
    structlog.contextvars.bind_contextvars(**about)
