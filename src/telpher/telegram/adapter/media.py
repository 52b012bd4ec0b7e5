"""Media connections: upload.getFile and pings on telpher's own MTProto (telegram/mtproto).

The client library knows the types of what is asked before the first chunk; on the way of a chunk
it has no part.

A connection introduces itself with whatever is asked of it first, and with all that is asked until
an answer shows that Telegram has taken note: no round trip goes by before the first chunk is on its
way. So a login that Telegram no longer knows shows with the first chunk, too.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from telethon.errors import rpc_message_to_error
from telethon.extensions import BinaryReader
from telethon.tl.types import RpcError

from telpher.core.model import Location
from telpher.errors import RequestRejectedError, TelegramError, TelegramUnavailableError
from telpher.telegram.adapter.errors import FAILURES, to_error
from telpher.telegram.adapter.files import input_location
from telpher.telegram.mtproto import files
from telpher.telegram.mtproto.connection import Connection, RpcRefusalError
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.timing import Timing

# Files whose location stays serialised: a connection serves some viewers, not hundreds.
_MOST_PREFIXES = 64


class FileConnection:
    """A MediaConnection; `introduction` stands before what is asked until the first answer."""

    def __init__(self, connection: Connection, timing: Timing, introduction: bytes = b"") -> None:
        self._connection = connection
        self._timing = timing
        self._introduction = introduction
        self._prefixes: OrderedDict[Location, bytes] = OrderedDict()

    @property
    def alive(self) -> bool:
        return self._connection.alive

    async def get_chunk(
        self,
        location: Location,
        offset: int,
        limit: int,
        patience: float,
        *,
        urgent: bool = False,
    ) -> memoryview:
        """See MediaConnection."""
        body = self._introduction + files.get_file(self._prefix(location), offset, limit)
        try:
            answer = await self._connection.call(body, patience, urgent=urgent)
        except RpcRefusalError as refusal:
            raise _to_error(refusal) from refusal
        self._introduction = b""
        try:
            return files.file_bytes(answer)
        except MalformedError as error:
            raise RequestRejectedError("MALFORMED_FILE", 500) from error

    async def call(self, request: Any) -> Any:
        """Sends any other request, and returns its result. Raises TelegramError."""
        try:
            body = self._introduction + bytes(request)
            answer = await self._connection.call(body, self._timing.request)
        except RpcRefusalError as refusal:
            raise _to_error(refusal) from refusal
        self._introduction = b""
        try:
            with BinaryReader(bytes(answer)) as reader:
                return request.read_result(reader)
        except FAILURES as failure:
            raise TelegramUnavailableError("an answer that cannot be read") from failure

    async def ping(self) -> None:
        await self._connection.ping(self._timing.pong)

    async def close(self) -> None:
        await self._connection.close()

    def _prefix(self, location: Location) -> bytes:
        prefix = self._prefixes.get(location)
        if prefix is None:
            prefix = files.request_prefix(bytes(input_location(location)))
            self._prefixes[location] = prefix
            if len(self._prefixes) > _MOST_PREFIXES:
                self._prefixes.popitem(last=False)
        return prefix


def _to_error(refusal: RpcRefusalError) -> TelegramError:
    told = RpcError(error_code=refusal.code, error_message=refusal.name)
    return to_error(rpc_message_to_error(told, None))
