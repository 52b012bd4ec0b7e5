"""Media connections on the client library's sender: upload.getFile and pings, nothing else."""

from __future__ import annotations

from telethon.tl import types
from telethon.tl.functions import PingRequest
from telethon.tl.functions.upload import GetFileRequest

from telpher.core.model import Location
from telpher.errors import RequestRejectedError
from telpher.telegram.adapter.files import input_location
from telpher.telegram.adapter.outgoing import random_id
from telpher.telegram.adapter.wire import Wire
from telpher.telegram.timing import Timing


class WireMediaConnection:
    """A MediaConnection over a connected, introduced and authorised Wire."""

    def __init__(self, wire: Wire, timing: Timing) -> None:
        self._wire = wire
        self._timing = timing

    @property
    def alive(self) -> bool:
        return self._wire.alive

    async def get_chunk(self, location: Location, offset: int, limit: int) -> bytes:
        """See MediaConnection. An answer that does not come within `timing.chunk` is dropped."""
        request = GetFileRequest(input_location(location), offset, limit)
        answer = await self._wire.call(request, self._timing.chunk)
        if not isinstance(answer, types.upload.File):
            # Never asked for (cdn_supported is not set), and bots cannot follow it.
            raise RequestRejectedError("FILE_CDN_REDIRECT", 303)
        return bytes(answer.bytes)

    async def ping(self) -> None:
        await self._wire.call(PingRequest(random_id()), self._timing.pong)

    async def close(self) -> None:
        await self._wire.close()
