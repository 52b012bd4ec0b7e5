"""HTTP by hand, for what a well-behaved client library does not do or hides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.web.fakes import PATIENCE


@dataclass
class Head:
    """Status line and headers of an answer; names in lower case."""

    status: int
    headers: dict[str, str]


@dataclass
class Wire:
    """One connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, path: str, *lines: str, version: str = "1.1") -> Head:
        """Sends a GET and reads the head of the answer."""
        self.send(path, *lines, version=version)
        return await self.head()

    def send(self, path: str, *lines: str, version: str = "1.1") -> None:
        request = [f"GET {path} HTTP/{version}", "Host: test", *lines, "", ""]
        self.writer.write("\r\n".join(request).encode())

    async def head(self) -> Head:
        async with asyncio.timeout(PATIENCE):
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = text.splitlines()
        pairs = (line.split(": ", 1) for line in rest if line)
        return Head(int(first.split()[1]), {name.lower(): value for name, value in pairs})

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """All until the server closes; a reset counts as closing."""
        got = bytearray()
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while piece := await self.reader.read(1 << 16):
                    got += piece
        return bytes(got)

    def vanish(self) -> None:
        """Leaves without a word."""
        self.writer.transport.abort()


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
