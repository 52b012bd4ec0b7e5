"""A store in memory, and a bot whose channel is a list; both can be told to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError, StorageError, TelpherError

CHANNEL = -1000000000005

# Far beyond what any step needs; only a fault makes a test wait so long.
PATIENCE = 60.0


async def until(condition: Callable[[], object]) -> None:
    """Lets the other tasks go on until `condition` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  conditions of plain objects have no events
            await asyncio.sleep(0)


@asynccontextmanager
async def under_way(job: Callable[[], object]) -> AsyncIterator[asyncio.Task]:
    """`job` in a task of its own, cancelled at the end."""
    task = asyncio.create_task(job())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


class Sleeps(list):
    """Pauses that were made, without the time they take; they end only while `ends` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = asyncio.Event()
        self.ends.set()

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)
        await self.ends.wait()


@dataclass
class MemoryStore:
    """A CopyStore. `trouble` is raised by every call; while `stuck`, `place` never ends."""

    queue: dict[MessageRef, None] = field(default_factory=dict)
    places: dict[MessageRef, MessageRef] = field(default_factory=dict)
    given_up: dict[MessageRef, str] = field(default_factory=dict)
    trouble: StorageError | None = None
    stuck: bool = False
    looks: int = 0

    async def place(self, ref: MessageRef) -> MessageRef | None:
        self.looks += 1
        if self.stuck:
            await asyncio.Event().wait()
        found = self.places.get(ref)
        await self._work()
        return found

    async def want(self, refs: Sequence[MessageRef]) -> None:
        await self._work()
        new = [ref for ref in refs if ref not in self.places and ref not in self.given_up]
        self.queue |= dict.fromkeys(new)

    async def wanted(self, limit: int) -> list[MessageRef]:
        await self._work()
        first = next(iter(self.queue), None)
        return [ref for ref in self.queue if first and ref.chat_id == first.chat_id][:limit]

    async def postpone(self, ref: MessageRef) -> None:
        await self._work()
        self.queue[ref] = self.queue.pop(ref)

    async def keep(self, places: Mapping[MessageRef, MessageRef]) -> None:
        await self._work()
        self.places |= places
        for ref in places:
            self.queue.pop(ref, None)

    async def give_up(self, ref: MessageRef, reason: str) -> None:
        await self._work()
        self.given_up[ref] = reason
        self.queue.pop(ref, None)

    async def _work(self) -> None:
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble


@dataclass
class CopyingBot:
    """A CopyGateway; `copies` has the place of each message that was copied, once and for ever.

    `forwards` and `sends` are the calls; `failures` are raised one by one by the next of them,
    `failing` by each that concerns a message.
    """

    copies: dict[MessageRef, MessageRef] = field(default_factory=dict)
    gone: set[MessageRef] = field(default_factory=set)
    protected: set[MessageRef] = field(default_factory=set)
    failing: dict[MessageRef, TelpherError] = field(default_factory=dict)
    failures: list[TelpherError] = field(default_factory=list)
    closed: str = ""
    unseen: bool = False
    resolved: list[int | str] = field(default_factory=list)
    forwards: list[list[MessageRef]] = field(default_factory=list)
    sends: list[MessageRef] = field(default_factory=list)

    async def resolve(self, channel: int | str) -> int:
        await asyncio.sleep(0)
        self.resolved.append(channel)
        if self.unseen:
            raise NotFoundError("CHANNEL_PRIVATE")
        return CHANNEL

    async def forward(
        self, to: int, source: int, message_ids: Sequence[int]
    ) -> list[MessageRef | None]:
        assert to == CHANNEL
        refs = [MessageRef(source, each) for each in message_ids]
        self.forwards.append(refs)
        await asyncio.sleep(0)
        self._fail(refs)
        if self.protected.intersection(refs):
            raise RequestRejectedError("CHAT_FORWARDS_RESTRICTED")
        return [None if ref in self.gone else self._copy(ref) for ref in refs]

    async def send_by_reference(self, to: int, ref: MessageRef) -> MessageRef:
        assert to == CHANNEL
        self.sends.append(ref)
        await asyncio.sleep(0)
        if ref in self.gone:
            raise NotFoundError("no such message")
        self._fail([ref])
        return self._copy(ref)

    def _copy(self, ref: MessageRef) -> MessageRef:
        return self.copies.setdefault(ref, MessageRef(CHANNEL, 1 + len(self.copies)))

    def _fail(self, refs: Sequence[MessageRef]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.closed:
            raise RequestRejectedError(self.closed)
        for ref in refs:
            if ref in self.failing:
                raise self.failing[ref]
