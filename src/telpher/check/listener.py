"""Answers on PORT while nobody else does, so that it can be seen whether URL leads here."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

# Bytes and seconds for the headers of a question; what a proxy sends is far smaller.
_LONGEST_HEAD: Final = 32 << 10
_PATIENCE: Final = 10.0


@dataclass(slots=True)
class Listener:
    """`word` is in each answer and nowhere else in the world; `peers` are the addresses that asked
    with an X-Forwarded-For."""

    word: str = field(default_factory=lambda: secrets.token_hex(16))
    peers: set[str] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question, whatever it is, one answer."""
        with contextlib.suppress(OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            if b"\r\nx-forwarded-for:" in head.lower():
                self.peers.add(writer.get_extra_info("peername")[0])
            body = self.word.encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def listening(host: str, port: int) -> AsyncIterator[Listener]:
    """Raises OSError where that address is not to be had."""
    listener = Listener()
    server = await asyncio.start_server(listener.answer, host, port, limit=_LONGEST_HEAD)
    async with server:
        yield listener
