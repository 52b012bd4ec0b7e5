"""The network between two programs on this machine, to be cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from tests.ports import free_ports

_HOST = "127.0.0.1"


class Cable:
    """Leads from `port` to another one, while it is whole; `carried` counts what went over it."""

    def __init__(self, behind: int) -> None:
        self.port = free_ports()
        self.carried = 0
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._works = asyncio.Event()
        self._hole: list[socket.socket] = []

    async def join(self) -> None:
        """It works, again: what was swallowed meanwhile goes on, who waits is let in."""
        self._fill_hole()
        self._works.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._lead, _HOST, self.port)

    def cut(self) -> None:
        """As when a machine is switched off and its address says so: all is reset and refused."""
        self._fill_hole()
        self._close()
        for end in list(self._ends):
            end.transport.abort()

    def swallow(self) -> None:
        """As when a cable is pulled: nothing arrives, nobody is told."""
        self._works.clear()
        self._close()
        # The kernel answers nobody at a door that is shut and has its queue full.
        self._hole = [socket.create_server((_HOST, self.port), backlog=0)]
        while len(self._hole) == 1 or _is_through(self._hole[-1]):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex((_HOST, self.port))
            self._hole.append(waiting)

    async def end(self) -> None:
        """For good."""
        self.cut()
        self._works.set()
        while self._ends:  # noqa: ASYNC110  whoever leads them has no event
            await asyncio.sleep(0)

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _fill_hole(self) -> None:
        for each in self._hole:
            each.close()
        self._hole.clear()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        with contextlib.suppress(OSError):
            back, forth = await asyncio.open_connection(_HOST, self._behind)
            self._ends.add(forth)
            await asyncio.gather(self._carry(reader, forth), self._carry(back, writer))
            forth.transport.abort()
            self._ends.discard(forth)
        writer.transport.abort()
        self._ends.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(1 << 16):
                await self._works.wait()
                self.carried += len(piece)
                writer.write(piece)
                await writer.drain()
        writer.close()


def _is_through(connection: socket.socket) -> bool:
    """Whether a connection on this machine, which takes no time, was made."""
    with contextlib.suppress(OSError):
        connection.getpeername()
        return True
    return False


@contextlib.asynccontextmanager
async def cable(behind: int) -> AsyncIterator[Cable]:
    """A whole one."""
    made = Cable(behind)
    await made.join()
    try:
        yield made
    finally:
        await made.end()
