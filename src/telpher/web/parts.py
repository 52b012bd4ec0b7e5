"""Several ranges of a file as one body: the streams of its parts, one after the other.

The first part's stream is there before the status line, as for a single range; those that follow
are opened when their turn comes, so that a request for eight ranges holds no more memory than a
request for one. One that cannot be opened breaks the body off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import structlog

from telpher.core.byteranges import Layout, Part
from telpher.web.deps import Stream
from telpher.web.response import BrokenBodyError

_log = structlog.stdlib.get_logger(__name__)

Open = Callable[[int, int], Awaitable[Stream]]


class Parts:
    """A Stream of the whole of `layout`; `open_range` opens a stream of the file's bytes."""

    def __init__(self, layout: Layout, open_range: Open) -> None:
        self._tail = layout.tail
        self._parts = deque(layout.parts)
        self._open = open_range
        self._stream: Stream | None = None
        self._pieces: AsyncIterator[memoryview | bytes] | None = None
        self._left = 0
        self._next = b""

    @classmethod
    async def begun(cls, layout: Layout, open_range: Open) -> Parts:
        """With the first part's bytes there. Raises what `open_range` does."""
        parts = cls(layout, open_range)
        await parts._begin(parts._parts.popleft())
        return parts

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview | bytes:
        if self._next:
            head, self._next = self._next, b""
            return head
        if self._left:
            return await self._piece()
        await self.aclose()
        if self._parts:
            part = self._parts.popleft()
            await self._begin(part)
        else:
            self._next, self._tail = self._tail, b""
        if not self._next:
            raise StopAsyncIteration
        return await self.__anext__()

    async def aclose(self) -> None:
        """Leaves the part that goes out."""
        stream, self._stream, self._pieces = self._stream, None, None
        if stream is not None:
            await stream.aclose()

    async def _begin(self, part: Part) -> None:
        self._stream = await self._open(part.start, part.stop)
        self._pieces = aiter(self._stream)
        self._left = part.stop - part.start
        self._next = part.head

    async def _piece(self) -> memoryview | bytes:
        """The next bytes of the part. A part that ends early or late would shift all that follow,
        and the length of the whole alone could not tell."""
        assert self._pieces is not None  # noqa: S101 - a part has begun while bytes are left
        piece = await anext(self._pieces, b"")
        self._left -= len(piece)
        if not piece or self._left < 0:
            _log.error("stream and part differ", missing=self._left)
            raise BrokenBodyError
        return piece
