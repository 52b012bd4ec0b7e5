"""The HTTP side of the sequential servers: the same stack as telpher's, and no more than it takes.

Starlette's StreamingResponse on uvicorn with uvloop and httptools; Content-Length always (the
chunked path copies); single ranges; a file's properties are remembered. Each answer asks Telegram
for one chunk, sends it, and asks for the next.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


class Library(Protocol):
    """A client library, logged in as a bot."""

    chunk: int
    """Bytes of its requests, whose offsets are multiples of it."""

    async def find(self, message: int) -> tuple[Any, int]:
        """The file of a message to the bot, as the library knows it, and its size."""
        ...

    def stream(self, file: Any, offset: int) -> AsyncIterator[bytes]:
        """The file from a multiple of `chunk` on."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Library]]


@dataclass(frozen=True, slots=True)
class Options:
    """From the command line."""

    servers: dict[str, Any]
    token: str
    port: int
    chunk: int

    @classmethod
    def read(cls) -> Options:
        parser = argparse.ArgumentParser()
        parser.add_argument("--servers", type=Path, required=True)
        parser.add_argument("--token", required=True)
        parser.add_argument("--port", type=int, required=True)
        parser.add_argument("--chunk", type=int, required=True)
        given = parser.parse_args()
        servers = json.loads(given.servers.read_text(encoding="utf-8"))
        return cls(servers, given.token, given.port, given.chunk)

    def answer(self, message: int, name: str | None) -> str:
        """What the bot answers a file with."""
        return f"{name}: http://127.0.0.1:{self.port}/stream/{message}"


class Site:
    """Serves the files of one bot."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._library: Library
        self._known: dict[int, tuple[Any, int]] = {}

    def app(self) -> Starlette:
        routes = [Route("/stream/{message:int}", self._stream), Route("/ready", self._ready)]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self._connect() as self._library:
            yield

    async def _ready(self, _request: Request) -> Response:
        return PlainTextResponse("ready")

    async def _stream(self, request: Request) -> Response:
        message = request.path_params["message"]
        if message not in self._known:
            self._known[message] = await self._library.find(message)
        file, size = self._known[message]
        start, stop = _range(request.headers.get("range"), size)
        headers = {
            "Content-Length": str(stop - start),
            "Content-Range": f"bytes {start}-{stop - 1}/{size}",
            "Accept-Ranges": "bytes",
        }
        if request.method == "HEAD":
            return Response(None, 200, headers)
        body = self._body(file, start, stop)
        return StreamingResponse(body, 206, headers, media_type="video/mp4")

    async def _body(self, file: Any, start: int, stop: int) -> AsyncIterator[bytes]:
        at = start - start % self._library.chunk
        async for piece in self._library.stream(file, at):
            if at < start or at + len(piece) > stop:
                yield piece[max(0, start - at) : stop - at]
            else:
                yield piece
            at += len(piece)
            if at >= stop:
                break


def _range(header: str | None, size: int) -> tuple[int, int]:
    if header is None:
        return 0, size
    first, _, last = header.removeprefix("bytes=").partition("-")
    return int(first), min(size, int(last) + 1) if last else size


def serve(options: Options, connect: Connect) -> None:
    """Serve until SIGTERM."""
    uvicorn.run(
        Site(connect).app(),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
