"""A network between two ends that a test can cut, in both of the ways in which networks fail.

reset       who is connected is told so, who connects is refused
black hole  nothing comes through any more, and nobody is told: connections stay open, packets
            are swallowed, a new connection is taken and leads nowhere
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

# Bytes taken at once.
_PIECE = 1 << 16

# Whoever closes lingers for no second: the other end hears of a reset instead of an end.
_AT_ONCE = struct.pack("ii", 1, 0)

Target = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Wire:
    """One listening port, and what it leads to."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def listen(self) -> None:
        """Takes connections; the first time on a port of the system's choice."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Cuts it so that both ends know."""
        assert self._server is not None
        self._server.close()
        self._server = None
        self._break()

    def swallow(self) -> None:
        """Cuts it so that neither end knows."""
        self._whole.clear()

    async def mend(self) -> None:
        """It is whole again; what lived through a black hole is not, as after a long one."""
        if not self._whole.is_set():
            self._break()
            self._whole.set()
        if self._server is None:
            await self.listen()

    async def close(self) -> None:
        """The end of it."""
        if self._server is not None:
            self._server.close()
        self._whole.set()
        self._break()
        await self.ended()

    async def ended(self) -> None:
        """Returns when both ends of what was cut have heard of it."""
        while self._ends:  # noqa: ASYNC110 - they end by themselves, and soon
            await asyncio.sleep(0)

    def _break(self) -> None:
        for each in self._ends:
            end: socket.socket = each.get_extra_info("socket")
            with contextlib.suppress(OSError):  # it has ended meanwhile
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            each.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            await self._whole.wait()
            there, back = await self._target()
            self._ends.add(back)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pour(reader, back))
                    both.create_task(self._pour(there, writer))
            finally:
                self._ends.discard(back)
                back.transport.abort()
        except* OSError:
            pass  # one of them is gone, and so is the connection
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while piece := await source.read(_PIECE):
            await self._whole.wait()
            sink.write(piece)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


def to_port(port: int) -> Target:
    """What leads to a port of this machine."""
    return lambda: asyncio.open_connection("127.0.0.1", port)


def to_socket(path: str) -> Target:
    """What leads to a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)


@contextlib.asynccontextmanager
async def wire(target: Target) -> AsyncIterator[Wire]:
    """A whole one."""
    each = Wire(target)
    await each.listen()
    try:
        yield each
    finally:
        await each.close()
