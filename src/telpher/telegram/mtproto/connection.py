"""One encrypted connection: the file that knows sockets, timers and futures.

    socket -> framing -> decryption -> conversation -> futures of those who called

What is asked in one turn of the event loop goes out in one packet at its end; a call marked urgent
goes at once, in a packet of its own. Acknowledgements ride along, or follow within seconds.

Nothing is repeated and nothing reconnected here: when the connection is lost, for whatever reason,
every call fails and `alive` is False from that moment.

A connection can die without a word: while answers are due, silence is answered by a ping, and
silence after that ends the connection. Not one byte needs to be complete for that: a slow packet is
no silence.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from copy import copy
from typing import Any, Final, cast

import structlog

from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram import crypto
from telpher.telegram.mtproto import framing
from telpher.telegram.mtproto.conversation import Answer, Conversation, Refusal, Request
from telpher.telegram.mtproto.decryption import InOrder
from telpher.telegram.mtproto.kit import AuthKey, Kit
from telpher.telegram.mtproto.schema import MalformedError
from telpher.telegram.mtproto.session import Session

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Received packets that may wait for their decryption: what can be in flight on one connection.
_MOST_BACKLOG: Final = 4 << 20

# Until when what we send must have been taken by the other side's TCP: the kernel alone would try
# for a quarter of an hour.
_UNTAKEN_MS: Final = 15_000

# Bytes of a packet that the kernel gathers before it wakes us: a thirtieth of a second at 8 MB/s.
# The end of a packet, and small ones, wake us at once.
_WAKE_AT: Final = 256 << 10
_LEAST_WAKE_AT: Final = 32 << 10

_TRANSPORT_ERROR: Final = struct.Struct("<i")

_Future = asyncio.Future[memoryview]

Asked = Request[_Future]
"""A request of a connection's."""


class RpcRefusalError(Exception):
    """rpc_error: Telegram refused one request; the connection is as good as before."""

    def __init__(self, code: int, name: str) -> None:
        super().__init__(f"{name} ({code})")
        self.code = code
        self.name = name


async def connect(host: str, port: int, key: AuthKey, kit: Kit, within: float) -> Connection:
    """Opens a connection with a key that exists. Raises TelegramUnavailableError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within):
            _, connection = await loop.create_connection(lambda: Connection(key, kit), host, port)
    except OSError as error:  # TimeoutError is one
        message = f"connection to Telegram: {type(error).__name__}"
        raise TelegramUnavailableError(message) from error
    return connection


class Connection(asyncio.BufferedProtocol):
    """See the module."""

    def __init__(self, key: AuthKey, kit: Kit) -> None:
        self._key = key
        self._key_id = crypto.auth_key_id(key.key)
        self._kit = kit
        self._loop = asyncio.get_running_loop()
        self._session = Session(kit.time, key.salt)
        self._conversation: Conversation[_Future] = Conversation(self._session)
        self._reader = framing.FrameReader(kit.frames.take)
        self._packets = InOrder(key.key, kit.decryptor, self._opened, self._broken)
        self._transport: asyncio.Transport | None = None
        self._socket: Any = None
        self._offered = 0  # bytes of memory for what comes next
        self._lowat = 1
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._failure: TelegramError | None = None
        self._paused = False
        self._flush_timer: asyncio.Handle | None = None
        self._acknowledge_timer: asyncio.TimerHandle | None = None
        self._silence_timer: asyncio.TimerHandle | None = None
        self._silent = False
        self._probing = False

    @property
    def alive(self) -> bool:
        """False from the moment it is known to be lost."""
        return self._failure is None and self._transport is not None

    # What its user does.

    async def call(
        self, body: bytes, patience: float, *, urgent: bool = False, after: Asked | None = None
    ) -> memoryview:
        """Sends a serialised request; its serialised result, a view of the packet.

        It is carried out once that of `after` was. Raises RpcRefusalError, ChunkTimeoutError after
        `patience` seconds, TelegramError when the connection is lost. Cancelled or timed out, it
        has Telegram drop the answer.
        """
        request = self.ask(body, after)
        if urgent:
            self._send(self._conversation.packet(only=request))
        return await self.answer(request, patience)

    def ask(self, body: bytes, after: Asked | None = None) -> Asked:
        """The first half of `call`: the request goes out at the end of this turn of the loop."""
        self._require_life()
        request = self._conversation.ask(body, self._loop.create_future(), after)
        self._flush_soon()
        return request

    async def ping(self, patience: float) -> None:
        """Returns when the other side has answered. Raises TelegramError when it does not."""
        self._require_life()
        await self.answer(self._ask_ping(), patience)

    async def close(self) -> None:
        """Closes it, calls in flight fail; returns when the socket is gone. Safe to repeat."""
        self._lose(TelegramUnavailableError("the connection to Telegram was closed"))
        await asyncio.shield(self._closed)

    async def answer(self, request: Asked, patience: float) -> memoryview:
        """The second half of `call`, once for each request."""
        self._flush_soon()
        self._watch()
        timer = self._loop.call_later(patience, self._expire, request, patience)
        try:
            return await request.caller
        finally:
            timer.cancel()
            self._withdraw(request)

    def _ask_ping(self) -> Request[_Future]:
        ping_id = int.from_bytes(os.urandom(8), "little", signed=True)
        return self._conversation.ping(ping_id, self._loop.create_future())

    def _expire(self, request: Request[_Future], patience: float) -> None:
        if not request.caller.done():
            request.caller.set_exception(ChunkTimeoutError(f"no answer within {patience:g} s"))

    def _withdraw(self, request: Request[_Future]) -> None:
        if self._failure is None:
            self._conversation.withdraw(request)
            self._flush_soon()

    def _require_life(self) -> None:
        if not self.alive:
            raise TelegramUnavailableError("not connected to Telegram")

    # Sending.

    def _flush_soon(self) -> None:
        """Sends at the end of this turn of the loop, where there is something to be sent."""
        if self._conversation.due and self._flush_timer is None and self._failure is None:
            self._flush_timer = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        if self._acknowledge_timer is not None:
            self._acknowledge_timer.cancel()
            self._acknowledge_timer = None
        for request in self._conversation.unsent:
            if request.caller.done():  # cancelled in this very turn
                self._conversation.withdraw(request)
        self._send(self._conversation.packet())
        while self._conversation.due:
            self._send(self._conversation.packet())

    def _acknowledge_later(self) -> None:
        if self._conversation.owes_acknowledgement and self._acknowledge_timer is None:
            self._acknowledge_timer = self._loop.call_later(
                self._kit.acknowledge_after, self._flush
            )

    def _send(self, plaintext: bytes | None) -> None:
        if plaintext is not None and self._transport is not None:
            self._transport.write(framing.wrap(crypto.encrypt(self._key.key, plaintext)))

    # Receiving: called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._socket = transport.get_extra_info("socket")
        _tune(self._socket)
        self._transport.write(framing.TAG)

    def take_over(self, transport: asyncio.Transport) -> None:
        """Goes on where a key exchange has ended."""
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        _tune(self._socket)
        transport.set_protocol(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        room = self._reader.room()
        self._offered = len(room)
        return room

    def buffer_updated(self, nbytes: int) -> None:
        if self._failure is not None:
            return
        self._silent = False
        self._kit.traffic.received += nbytes
        drained = nbytes < self._offered
        packet = self._reader.filled(nbytes)
        if packet is not None:
            self._arrived(packet)
        if self._reader.broken:
            self._broken(MalformedError(self._reader.broken))
        self._wake_at(self._reader.missing, drained=drained)

    def _wake_at(self, missing: int, *, drained: bool = True) -> None:
        """Has the kernel wait for more of a large packet before it wakes us.

        A chunk of 1 MiB comes in dozens of segments, and each wake-up costs as much as the copy.
        Not before it is `drained`: what is there already needs no system call to be waited for.
        """
        wanted = min(missing, _WAKE_AT) if missing >= _LEAST_WAKE_AT else 1
        if wanted > self._lowat and not drained:
            return
        if wanted != self._lowat and self._transport is not None:
            self._lowat = wanted
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)

    def eof_received(self) -> None:
        self._lose(TelegramUnavailableError("Telegram closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(TelegramUnavailableError("the connection to Telegram was lost"))
        if not self._closed.done():
            self._closed.set_result(None)

    def _arrived(self, packet: memoryview) -> None:
        if len(packet) == _TRANSPORT_ERROR.size:
            (code,) = _TRANSPORT_ERROR.unpack(packet)
            self._lose(transport_error(code))
        elif packet[: len(self._key_id)] != self._key_id:
            self._broken(MalformedError("a packet for another key"))
        else:
            self._packets.push(packet)
            self._limit_backlog()

    def _limit_backlog(self) -> None:
        if self._transport is None or self._paused == (self._packets.backlog > _MOST_BACKLOG):
            return
        self._paused = not self._paused
        if self._paused:
            self._transport.pause_reading()
        elif self._failure is None:
            self._transport.resume_reading()

    def _opened(self, packet: memoryview) -> None:
        """A packet has been decrypted, and is genuine."""
        if self._failure is not None:
            return
        try:
            for event in self._conversation.received(packet):
                _tell(event)
        except MalformedError as error:
            self._broken(error)
            return
        self._key.salt = self._session.salt
        self._note_waste()
        self._limit_backlog()
        self._flush_soon()
        self._acknowledge_later()

    def _note_waste(self) -> None:
        self._kit.traffic.wasted += self._conversation.wasted
        self._conversation.wasted = 0

    # The end.

    def _broken(self, error: ValueError) -> None:
        """What came cannot be from Telegram, or cannot be understood."""
        if self._failure is None:
            _log.warning("a connection to Telegram was broken off", reason=str(error))
        self._lose(TelegramUnavailableError(f"the connection broke the protocol: {error}"))

    def _lose(self, failure: TelegramError) -> None:
        """All that is in flight fails, with the first reason there was."""
        if self._failure is not None:
            return
        self._failure = failure
        for timer in (self._flush_timer, self._acknowledge_timer, self._silence_timer):
            if timer is not None:
                timer.cancel()
        self._packets.stop()
        for request in self._conversation.withdraw_all():
            if not request.caller.done():
                # Each gets its own: an exception carries the traceback of whoever it is raised in.
                request.caller.set_exception(copy(failure))
        if self._transport is not None:
            self._transport.abort()
        elif not self._closed.done():
            self._closed.set_result(None)

    # Silence.

    def _watch(self) -> None:
        if self._silence_timer is None and self._failure is None:
            self._silent, self._probing = True, False
            self._silence_timer = self._loop.call_later(self._kit.silence, self._listen)

    def _listen(self) -> None:
        """Every few seconds while answers are due."""
        self._silence_timer = None
        if not self._conversation.unanswered:
            return
        if self._paused:
            self._silent = False  # it is we who do not listen
        if self._silent and self._probing:
            self._lose(TelegramUnavailableError("Telegram has fallen silent"))
            return
        if self._silent:
            self._wake_at(0)  # on a very slow line, a little of a packet is a sign of life
            self._ask_ping().caller.add_done_callback(_retrieve)
            self._flush_soon()
        self._probing, self._silent = self._silent, True
        self._silence_timer = self._loop.call_later(self._kit.silence, self._listen)


def _tell(event: Answer[_Future] | Refusal[_Future]) -> None:
    caller = event.request.caller
    if caller.done():
        return
    if isinstance(event, Answer):
        caller.set_result(event.body)
    else:
        caller.set_exception(RpcRefusalError(event.code, event.name))


def _retrieve(future: _Future) -> None:
    """Looks at a result that nobody waits for, or asyncio reports it as forgotten."""
    if not future.cancelled():
        future.exception()


def transport_error(code: int) -> TelegramError:
    """What a packet of four bytes means [/mtproto/mtproto-transports, "Transport errors"]"""
    if code == -404:
        return AuthorisationLostError("Telegram does not know the authorisation key (-404)")
    if code == -429:
        return ThrottledError("too many connections or requests (-429)")
    if code == -444:
        return TelegramUnavailableError("this is not the data centre it should be (-444)")
    return TelegramUnavailableError(f"transport error {code}")


def _tune(sock: Any) -> None:
    """TCP options. The receive buffer is left to the kernel, which lets it grow to what the way
    needs, 6 MiB by default. Setting it would stop that, and without privileges no more than 208 KiB
    may be set: 2.6 MB/s at 80 ms. (Linux; on loopback no difference could be measured.)"""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN_MS)
