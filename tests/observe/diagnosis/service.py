"""A stand-in for the service of DIAGNOSIS_API_URL: it answers as told, and keeps the questions."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from tests.observe.diagnosis.hosts import hosting

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class StandIn:
    """`head` and `asked` are what came, the newest last; `url` is what the setting holds."""

    answer: Answer
    url: str = ""
    heads: list[str] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        self.heads.append(head)
        self.asked.append(json.loads(await reader.readexactly(length)))
        self.came.set()
        await self.answer(writer)
        await writer.drain()


def body(content: bytes, status: str = "200 OK", length: int | None = None) -> Answer:
    """Answers with these bytes."""

    async def send(writer: asyncio.StreamWriter) -> None:
        size = len(content) if length is None else length
        head = f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + content)

    return send


def says(text: object) -> Answer:
    """Answers as a model does."""
    return body(json.dumps({"choices": [{"message": {"content": text}}]}).encode())


async def never(writer: asyncio.StreamWriter) -> None:
    """Does not answer."""
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def standing_in(answer: Answer) -> AsyncIterator[StandIn]:
    """The service, listening."""
    stand_in = StandIn(answer)
    async with hosting(stand_in.meet) as port:
        stand_in.url = f"http://127.0.0.1:{port}/v1"
        yield stand_in
