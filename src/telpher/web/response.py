"""The answer that carries a file's bytes.

Three promises beyond a framework's streaming response:

- The body is right to the last byte or visibly broken off. When the stream fails or ends early the
  answer is left incomplete: the server then closes the connection, and since Content-Length was
  announced the client knows that bytes are missing and asks for the rest with a Range
  (players.md 9).
- Buffers go out as they are, without a copy, and none is held longer than it takes to send it: no
  reference survives in a frame while the next one is awaited.
- A stream that comes out of the cache never really awaits, and would keep the loop to itself until
  the socket is full: each piece yields once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog
from starlette.types import Receive, Scope, Send

from telpher.errors import TelpherError
from telpher.web.deps import Stream

_log = structlog.stdlib.get_logger(__name__)


class BrokenBodyError(Exception):
    """The answer began and cannot be completed: leave the connection to be closed."""


class FileResponse:
    """An ASGI answer of exactly `length` bytes out of `stream`, which it closes.

    Raises BrokenBodyError when the bytes end early, and leaves the answer incomplete then.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], stream: Stream, length: int
    ) -> None:
        self._status = status
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        self._stream = stream
        self._left = length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self._stream):
            await send(
                {
                    "type": "http.response.start",
                    "status": self._status,
                    "headers": self._headers,
                }
            )
            await self._send_pieces(send)
        # Only now: with this message the server may hand the connection to the next request, and
        # the client's leaving no longer cancels what is closed already.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_pieces(self, send: Send) -> None:
        try:
            async for piece in self._stream:
                self._left -= len(piece)
                if self._left < 0:
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                del piece
                await asyncio.sleep(0)
        except TelpherError as error:
            _log.warning("body broken off", error=error.key, cause=error, missing=self._left)
            raise BrokenBodyError from error
        if self._left:
            _log.error("stream and length differ", missing=self._left)
            raise BrokenBodyError
