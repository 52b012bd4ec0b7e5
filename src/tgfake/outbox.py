"""What waits to be written to one connection.

A message is rendered (numbered, encrypted, framed) only when the link is free for it, so that ids
rise on the wire and a dropped answer that has not begun costs nothing. On a link with a bandwidth
cap the bytes trickle out in slices, each when its time has come; without one, and while the client
keeps reading, they are written at once, with no task in between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from tgfake.network import Bottleneck, DelayLine

_SLICE = 64 * 1024
"""Most bytes that take the link at a time: what a receiver sees arrive together."""
_SLICE_SECONDS = 0.02
"""On slow links a slice is smaller, so that bytes flow at least this often."""
_MIN_SLICE = 1024


class Outgoing:
    """One message on its way out."""

    __slots__ = ("finish", "finished", "render", "started", "unwanted")

    def __init__(self, render: Callable[[], bytes], finish: Callable[[], None]) -> None:
        self.render = render
        self.finish = finish
        self.started = False
        self.finished = False
        self.unwanted = False
        """The client has dropped it; bytes that still go out are wasted."""

    def complete(self) -> None:
        """It has left, or never will; runs `finish` once."""
        if not self.finished:
            self.finished = True
            self.finish()


class Outbox:
    """The queue in front of one connection's transport."""

    def __init__(
        self,
        write: Callable[[bytes | memoryview], None],
        line: DelayLine,
        bottlenecks: Sequence[Bottleneck],
        wasted: Callable[[int], None],
    ) -> None:
        self._write = write
        self._line = line
        self._bottlenecks = bottlenecks
        self._wasted = wasted
        self._queue: deque[Outgoing] = deque()
        self._busy = False
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        slowest = min((each.rate for each in bottlenecks), default=float("inf"))
        self._slice = int(max(_MIN_SLICE, min(_SLICE, slowest * _SLICE_SECONDS)))

    def __len__(self) -> int:
        return len(self._queue)

    def post(self, outgoing: Outgoing) -> None:
        """Write `outgoing` after all that was posted before."""
        if self._bottlenecks or self._busy or self._queue or not self._writable.is_set():
            self._queue.append(outgoing)
            self._wake.set()
            return
        outgoing.started = True
        self._line.push(partial(self._write, outgoing.render()))
        outgoing.complete()

    def withdraw(self, outgoing: Outgoing) -> bool:
        """Take a message back; False if its bytes are going out already."""
        if outgoing.started or outgoing not in self._queue:
            return False
        self._queue.remove(outgoing)
        outgoing.complete()
        return True

    def pause(self) -> None:
        """The client does not read fast enough."""
        self._writable.clear()

    def resume(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def close(self) -> None:
        """The connection is gone: give up what waits."""
        waiting, self._queue = self._queue, deque()
        for outgoing in waiting:
            outgoing.complete()

    async def pump(self) -> None:
        """Write what is queued, for as long as the connection lives."""
        while True:
            self._wake.clear()
            while self._queue:
                outgoing = self._queue.popleft()
                self._busy = outgoing.started = True
                try:
                    await self._trickle(outgoing)
                finally:
                    self._busy = False
                    outgoing.complete()
            await self._wake.wait()

    async def _trickle(self, outgoing: Outgoing) -> None:
        await self._writable.wait()
        data = memoryview(outgoing.render())
        for at in range(0, len(data), self._slice):
            piece = data[at : at + self._slice]
            await self._writable.wait()
            await self._take_turn(len(piece))
            self._line.push(partial(self._write, piece))
            if outgoing.unwanted:
                self._wasted(len(piece))

    async def _take_turn(self, size: int) -> None:
        now = asyncio.get_running_loop().time()
        wait = max((each.reserve(size, now) for each in self._bottlenecks), default=0.0)
        if wait > 0:
            await asyncio.sleep(wait)
