"""Media connections: upload.getFile and pings on telpher's own MTProto (telegram/mtproto).

The client library knows the types of what is asked before the first chunk; on the way of a chunk
it has no part.

A connection introduces itself with whatever is asked of it first, and with all that is asked until
an answer shows that Telegram has taken note: no round trip goes by before the first chunk is on its
way. So a login that Telegram no longer knows shows with the first chunk, too.

Where a login has to be made first, chunks need not wait for its answer either: they go out with it,
to be carried out after it. Should it be refused, they wait until `settle` tells how it ended.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from telethon.errors import rpc_message_to_error
from telethon.extensions import BinaryReader
from telethon.tl.types import RpcError

from telpher.core.model import Location
from telpher.errors import (
    AuthorisationLostError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.errors import FAILURES, to_error
from telpher.telegram.adapter.files import input_location
from telpher.telegram.media import Early
from telpher.telegram.mtproto import files
from telpher.telegram.mtproto.connection import Asked, Connection, RpcRefusalError
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.timing import Timing

# Files whose location stays serialised: a connection serves some viewers, not hundreds.
_MOST_PREFIXES = 64


class _Login:
    """One that is being made: what asks for it just now, and how it ended."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FileConnection:
    """A MediaConnection; `introduction` stands before what is asked until the first answer."""

    def __init__(self, connection: Connection, timing: Timing, introduction: bytes = b"") -> None:
        self._connection = connection
        self._timing = timing
        self._introduction = introduction
        self._prefixes: OrderedDict[Location, bytes] = OrderedDict()
        self._login: _Login | None = None

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
        prefix = self._prefix(location)
        login = self._login
        if login is None:
            return await self._chunk(files.get_file(prefix, offset, limit), patience, urgent)
        body = files.get_file(prefix, offset, limit)
        if login.asked is not None:
            try:
                return await self._chunk(body, patience, urgent, login.asked)
            except (AuthorisationLostError, RequestRejectedError, TelegramUnavailableError):
                if login.settled.done() and login.settled.exception() is None:
                    raise
        await asyncio.shield(login.settled)
        return await self._chunk(body, patience, urgent)

    async def _chunk(
        self, body: bytes, patience: float, urgent: bool, after: Asked | None = None
    ) -> memoryview:
        body = self._introduction + body
        try:
            answer = await self._connection.call(body, patience, urgent=urgent, after=after)
        except RpcRefusalError as refusal:
            raise _to_error(refusal) from refusal
        self._introduction = b""
        try:
            return files.file_bytes(answer)
        except MalformedError as error:
            raise RequestRejectedError("MALFORMED_FILE", 500) from error

    async def call(self, request: Any) -> Any:
        """Sends any other request, and returns its result. Raises TelegramError."""
        return await self._result(request, self._connection.ask(self._introduced(request)))

    async def log_in(self, request: Any, early: Early | None = None) -> None:
        """`call` with what logs the connection in; chunks asked for meanwhile come after it.

        That holds until `settle` is called, whatever becomes of this. `early` is called when it is
        on its way.
        """
        if self._login is None:
            self._login = _Login()
        login = self._login
        login.asked = self._connection.ask(self._introduced(request))
        if early is not None:
            early(self)
        try:
            await self._result(request, login.asked)
        except TelegramError:
            login.asked = None
            raise

    def settle(self, failure: TelegramError | None = None) -> None:
        """The login was taken, or has failed for good; no effect without one."""
        login, self._login = self._login, None
        if login is None:
            return
        if failure is None:
            login.settled.set_result(None)
        else:
            login.settled.set_exception(failure)
            login.settled.exception()  # nobody needs to wait for it

    def _introduced(self, request: Any) -> bytes:
        return self._introduction + bytes(request)

    async def _result(self, request: Any, asked: Asked) -> Any:
        try:
            answer = await self._connection.answer(asked, self._timing.request)
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
