"""Servers on loopback that leave nothing open, whenever the other side went away."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Meet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Noted(asyncio.StreamReaderProtocol):
    """Notes the connection as soon as it is there; its handler may never get as far."""

    def __init__(self, meet: Meet, noted: set[asyncio.BaseTransport]) -> None:
        super().__init__(asyncio.StreamReader(), meet)
        self._noted = noted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._noted.add(transport)
        super().connection_made(transport)


@contextlib.asynccontextmanager
async def hosting(meet: Meet, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port where `meet` has each connection until it returns or this ends."""
    noted: set[asyncio.BaseTransport] = set()
    meetings: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        meetings.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await meet(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Noted(met, noted), "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for meeting in meetings:
            meeting.cancel()
        await asyncio.gather(*meetings, return_exceptions=True)
        for _ in range(5):  # one may just be accepted; and its end is heard of in the next round
            await asyncio.sleep(0)
            for transport in noted:
                transport.abort()
