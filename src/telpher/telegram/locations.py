"""Where files are, as one account was last told.

A location (access hash, file reference) is of worth to the account that found it only, so each
account has a table of its own: an LRU with a time to live (MAX_CACHE_SIZE, CACHE_TTL_HOURS), so
that a Range request costs no getMessages. When a file reference expires in mid-stream, all readers
of the message share one refresh.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from telpher.clock import Clock
from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import NotFoundError, RequestRejectedError, TelpherError
from telpher.flight import SingleFlight

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# A bot may be let into a channel at any time; a message that is gone stays gone.
ABSENT_SECONDS = 30.0

Find = Callable[[MessageRef], Awaitable[FoundFile]]


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is remembered: `files` at most, for `seconds`."""

    files: int = 1000
    seconds: float = 3600.0


class Locations:
    """One account's table; `find` asks Telegram."""

    def __init__(
        self, find: Find, retention: Retention, clock: Clock, tasks: asyncio.TaskGroup
    ) -> None:
        self._find = find
        self._retention = retention
        self._clock = clock
        self._known: OrderedDict[MessageRef, tuple[float, FoundFile]] = OrderedDict()
        self._absent: OrderedDict[MessageRef, float] = OrderedDict()
        self._beside: dict[MessageRef, asyncio.Task[None]] = {}
        self._tasks = tasks
        self._lookups: SingleFlight[MessageRef, FoundFile] = SingleFlight(tasks)

    def __len__(self) -> int:
        """How many files are remembered."""
        return len(self._known)

    async def find(self, ref: MessageRef) -> FoundFile:
        """The file of message `ref`. Raises NotFoundError and TelegramError."""
        if self._is_absent(ref):
            raise NotFoundError("the message was not there a moment ago")
        return self.recall(ref) or await self._look_up(ref)

    async def refresh(self, ref: MessageRef, stale: Location) -> FoundFile:
        """The file with a reference newer than `stale`, which Telegram refused.

        Raises RequestRejectedError when Telegram gives the same reference again: one more try
        could only end in a loop (telegram.md, "Errors and what to do").
        """
        known = self.recall(ref)
        if known is not None and known.location.file_reference != stale.file_reference:
            return known
        found = await self._look_up(ref)
        if found.location.file_reference == stale.file_reference:
            raise RequestRejectedError("FILE_REFERENCE_EXPIRED")
        return found

    def recall(self, ref: MessageRef) -> FoundFile | None:
        """What is remembered of `ref`, if its time is not over."""
        entry = self._known.get(ref)
        if entry is None:
            return None
        until, found = entry
        if self._clock.monotonic() >= until:
            del self._known[ref]
            return None
        self._known.move_to_end(ref)
        return found

    def forget(self, ref: MessageRef) -> None:
        """The message is gone; no error when it was not known."""
        self._known.pop(ref, None)

    def look_up_beside(self, ref: MessageRef) -> None:
        """Has `ref` looked up while nobody waits; what goes wrong is logged."""
        if ref not in self._beside and not self._is_absent(ref):
            task = self._tasks.create_task(self._look_up_quietly(ref), name=f"look-up of {ref}")
            self._beside[ref] = task
            task.add_done_callback(lambda _: self._beside.pop(ref, None))

    async def close(self) -> None:
        """Ends what is looked up beside."""
        tasks = list(self._beside.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _look_up_quietly(self, ref: MessageRef) -> None:
        try:
            await self._look_up(ref)
        except TelpherError as error:
            _log.warning("a file cannot be seen by an extra bot", problem=str(error))
            self._note_absence(ref)

    async def _look_up(self, ref: MessageRef) -> FoundFile:
        return await self._lookups.join(ref, lambda: self._ask(ref))

    async def _ask(self, ref: MessageRef) -> FoundFile:
        try:
            found = await self._find(ref)
        except NotFoundError:
            self._note_absence(ref)
            raise
        self._absent.pop(ref, None)
        self._known[ref] = (self._clock.monotonic() + self._retention.seconds, found)
        self._known.move_to_end(ref)
        while len(self._known) > self._retention.files:
            self._known.popitem(last=False)
        return found

    def _note_absence(self, ref: MessageRef) -> None:
        self._absent[ref] = self._clock.monotonic() + ABSENT_SECONDS
        self._absent.move_to_end(ref)
        while len(self._absent) > self._retention.files:
            self._absent.popitem(last=False)

    def _is_absent(self, ref: MessageRef) -> bool:
        until = self._absent.get(ref)
        if until is None:
            return False
        if self._clock.monotonic() < until:
            return True
        del self._absent[ref]
        return False
