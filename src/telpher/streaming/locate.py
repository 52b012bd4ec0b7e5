"""Where a message's file is, as Telegram last told us.

File properties are kept in an LRU with a time to live (MAX_CACHE_SIZE, CACHE_TTL_HOURS), so that
a Range request costs no getMessages. When a file reference expires in mid-stream, all readers of
the message share one refresh.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from telpher.clock import Clock
from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import RequestRejectedError
from telpher.streaming.flight import SingleFlight
from telpher.telegram.gateway import MediaGateway


class Locator:
    """Finds files by message, at most once at a time per message.

    `capacity` counts messages; `ttl` is in seconds.
    """

    def __init__(
        self,
        media: MediaGateway,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        *,
        capacity: int,
        ttl: float,
    ) -> None:
        self._media = media
        self._clock = clock
        self._capacity = capacity
        self._ttl = ttl
        self._known: OrderedDict[MessageRef, tuple[float, FoundFile]] = OrderedDict()
        self._lookups: SingleFlight[MessageRef, FoundFile] = SingleFlight(tasks)

    def __len__(self) -> int:
        """How many messages' properties are kept."""
        return len(self._known)

    async def find(self, ref: MessageRef) -> FoundFile:
        """The file of message `ref`. Raises NotFoundError and TelegramError."""
        return self._recall(ref) or await self._look_up(ref)

    async def refresh(self, ref: MessageRef, stale: Location) -> FoundFile:
        """The file with a reference newer than `stale`, which Telegram refused.

        Raises RequestRejectedError when Telegram gives the same reference again: one more try
        could only end in a loop (telegram.md, "Errors and what to do").
        """
        known = self._recall(ref)
        if known is not None and known.location.file_reference != stale.file_reference:
            return known
        found = await self._look_up(ref)
        if found.location.file_reference == stale.file_reference:
            raise RequestRejectedError("FILE_REFERENCE_EXPIRED")
        return found

    async def _look_up(self, ref: MessageRef) -> FoundFile:
        return await self._lookups.join(ref, lambda: self._ask(ref))

    async def _ask(self, ref: MessageRef) -> FoundFile:
        found = await self._media.find_file(ref)
        self._known[ref] = (self._clock.monotonic() + self._ttl, found)
        self._known.move_to_end(ref)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return found

    def _recall(self, ref: MessageRef) -> FoundFile | None:
        entry = self._known.get(ref)
        if entry is None:
            return None
        until, found = entry
        if self._clock.monotonic() >= until:
            del self._known[ref]
            return None
        self._known.move_to_end(ref)
        return found
