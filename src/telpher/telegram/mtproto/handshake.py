"""A connection with a new key: the key is agreed on and used on one and the same TCP connection.

So no round trip is spent on another one, and the key is never seen on two. The arithmetic runs in a
thread, part of it while the first answer is on its way.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final, cast

from telpher.errors import AuthorisationLostError, TelegramError, TelegramUnavailableError
from telpher.telegram.mtproto import framing
from telpher.telegram.mtproto.connection import Connection, transport_error
from telpher.telegram.mtproto.exchange import Encrypt, KeyExchange, NewKey
from telpher.telegram.mtproto.kit import AuthKey, Kit
from telpher.telegram.mtproto.schema import MalformedError

# A plain message: no key, its id, its length [/mtproto/description, "Unencrypted Message"].
_HEAD: Final = struct.Struct("<qqi")

# The largest answer of an exchange has some 700 bytes.
_MOST: Final = 4096

_TRANSPORT_ERROR: Final = struct.Struct("<i")


async def connect_anew(
    host: str, port: int, encrypt: Encrypt, kit: Kit, within: float
) -> tuple[AuthKey, Connection]:
    """Opens a connection and makes a key for it. Raises TelegramError; then nothing stays open."""
    loop = asyncio.get_running_loop()
    line: _Line | None = None
    key: AuthKey | None = None
    try:
        async with asyncio.timeout(within):
            _, line = await loop.create_connection(lambda: _Line(kit), host, port)
            key = await _agree(line, encrypt)
    except (MalformedError, AuthorisationLostError) as error:  # there is no key to be lost
        raise TelegramUnavailableError(f"no key could be agreed on: {error}") from error
    except OSError as error:  # TimeoutError is one
        message = f"connection to Telegram: {type(error).__name__}"
        raise TelegramUnavailableError(message) from error
    finally:
        if key is None and line is not None:
            line.abort()
    return key, line.hand_over(key)


async def _agree(line: _Line, encrypt: Encrypt) -> AuthKey:
    exchange = KeyExchange(encrypt)
    loop = asyncio.get_running_loop()
    # Of its own: keys are made once in months, and a shared one would keep its threads.
    thread = ThreadPoolExecutor(1, "key exchange")
    try:
        line.send(exchange.begin())
        await loop.run_in_executor(thread, exchange.prepare)
        while True:
            heard = await line.hear()
            said = await loop.run_in_executor(thread, exchange.answer, heard)
            if isinstance(said, NewKey):
                return AuthKey(said.key, said.salt)
            line.send(said)
    finally:
        thread.shutdown(wait=False)


class _Line(asyncio.BufferedProtocol):
    """Plain messages over a TCP connection, until it is handed over."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._last_id = 0
        self._reader = framing.FrameReader(lambda size: memoryview(bytearray(size)), _MOST)
        self._heard: deque[memoryview] = deque()
        self._failure: TelegramError | None = None
        self._news = asyncio.Event()
        self._transport: asyncio.Transport

    def send(self, body: bytes) -> None:
        """Raises TelegramError when the connection is lost: uvloop's transport would, otherwise."""
        if self._failure is not None:
            raise self._failure
        self._last_id = max(self._kit.time.message_id(), self._last_id + 4)
        self._transport.write(framing.wrap(_HEAD.pack(0, self._last_id, len(body)) + body))

    async def hear(self) -> memoryview:
        """The next message. Raises TelegramError when the connection is lost."""
        while not self._heard:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return self._heard.popleft()

    def abort(self) -> None:
        self._transport.abort()

    def hand_over(self, key: AuthKey) -> Connection:
        """The same TCP connection, encrypted from now on; dead where it was lost meanwhile."""
        connection = Connection(key, self._kit)
        if self._failure is None and not self._transport.is_closing():
            connection.take_over(self._transport)
        else:  # it may have no socket any more
            self.abort()
            connection.connection_lost(None)
        return connection

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.write(framing.TAG)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reader.room()

    def buffer_updated(self, nbytes: int) -> None:
        self._kit.traffic.received += nbytes
        packet = self._reader.filled(nbytes)
        if packet is not None:
            self._arrived(packet)
        if self._reader.broken:
            self._fail(TelegramUnavailableError(self._reader.broken))

    def eof_received(self) -> None:
        self._fail(TelegramUnavailableError("Telegram closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(TelegramUnavailableError("the connection to Telegram was lost"))

    def _arrived(self, packet: memoryview) -> None:
        if len(packet) == _TRANSPORT_ERROR.size:
            self._fail(transport_error(*_TRANSPORT_ERROR.unpack(packet)))
            return
        if len(packet) < _HEAD.size:
            self._fail(TelegramUnavailableError("a message without its head"))
            return
        key_id, msg_id, size = _HEAD.unpack_from(packet)
        if key_id or size > len(packet) - _HEAD.size:
            self._fail(TelegramUnavailableError("a message that is not plain"))
            return
        self._kit.time.learn(msg_id)
        self._heard.append(packet[_HEAD.size : _HEAD.size + size])
        self._news.set()

    def _fail(self, failure: TelegramError) -> None:
        self._failure = self._failure or failure
        self._news.set()
