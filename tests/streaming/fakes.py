"""A Telegram of one call each, whose answers the test decides."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from functools import cache

from telpher.core.demand import Demand, Urgency
from telpher.core.model import FileInfo, Kind, MessageRef, SmallSize
from telpher.streaming.stream import Stream

REF = MessageRef(42, 7)
LARGEST = 10 << 20


@cache
def _words() -> bytes:
    return struct.pack(f">{LARGEST // 8}Q", *range(LARGEST // 8))


def content(offset: int, length: int) -> bytes:
    """Bytes that differ at every offset: the number of each 8-byte word."""
    return _words()[offset : offset + length]


def file_info(size: int, document: int = 1) -> FileInfo:
    return FileInfo(document, size, "video/mp4", "a.mp4", Kind.VIDEO, 1_700_000_000)


class FakeMedia:
    """Serves one file. `script` holds errors for the next chunks; `gate` holds answers back."""

    def __init__(self, size: int) -> None:
        self.info = file_info(size)
        self.demands: dict[int, Demand] = {}
        self.script: deque[Exception | None] = deque()
        self.finds = 0
        self.find_errors: deque[Exception] = deque()
        self.asked: list[tuple[int, int]] = []
        self.answered: list[tuple[int, int]] = []
        self.cancelled: list[tuple[int, int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.thumbnails: list[tuple[str, Urgency]] = []
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until the calls made so far fulfil `condition`."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    @property
    def known_files(self) -> int:
        return min(self.finds, 1)

    async def find_file(self, ref: MessageRef) -> FileInfo:
        self.finds += 1
        await asyncio.sleep(0)
        if self.find_errors:
            raise self.find_errors.popleft()
        return self.info

    async def get_chunk(
        self, ref: MessageRef, info: FileInfo, offset: int, limit: int, demand: Demand
    ) -> memoryview:
        self.demands[offset] = demand
        self.asked.append((offset, limit))
        self._changed.set()
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append((offset, limit))
            self._changed.set()
            raise
        if self.script and (error := self.script.popleft()) is not None:
            raise error
        self.answered.append((offset, limit))
        return memoryview(content(offset, min(limit, self.info.size - offset)))

    async def get_thumbnail(
        self, ref: MessageRef, info: FileInfo, size: SmallSize, demand: Demand
    ) -> memoryview:
        self.thumbnails.append((size.name, demand.urgency))
        await asyncio.sleep(0)
        if self.script and (error := self.script.popleft()) is not None:
            raise error
        return memoryview(bytes(size.size))


async def read_into(body: bytearray, stream: Stream) -> None:
    """Appends everything a stream gives until it ends or raises."""
    async for piece in stream:
        body += piece


async def read_all(stream: Stream) -> bytes:
    """Everything a stream gives, to its end."""
    body = bytearray()
    await read_into(body, stream)
    return bytes(body)
