"""One TCP connection of a client, from its bytes to its requests and back.

Bytes come in through the framing and the delay line, are decrypted and handed to the conversation;
answers go out through the outbox and a second delay line. Each connection owns a task group, in
which its requests run, and ends all of them when it is lost.

A connection counts as using its authorisation key while it can still bring requests: not once it
is closing, has had its end of file, was frozen by a fault, or is not being read from because its
client does not read either. So a client that comes back right after it lost a connection is never
taken for a second one; where the old connection is one of those, the newer replaces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol, cast

from telethon.tl import functions

from tgfake.authkeys import AuthKey
from tgfake.conversation import Conversation, converse
from tgfake.crypto import DecryptionError, open_from_client, seal_for_client
from tgfake.endpoint import Endpoint
from tgfake.exchange import Exchange, ExchangeError, WrongDcError
from tgfake.framing import FrameReader, FramingError, error_frame
from tgfake.keys import DC_KEYS
from tgfake.network import DelayLine
from tgfake.outbox import Outbox, Outgoing
from tgfake.requests import Flight
from tgfake.session import MAX_RESENDABLE_SIZE, Message, ProtocolError, Session, seal
from tgfake.tl import TlError, read

_log = logging.getLogger(__name__)

_NO_KEY = bytes(8)
_PLAIN_HEADER = struct.Struct("<qqi")
_WRITE_BUFFER = 4 * 1024 * 1024
"""Bytes a client may leave unread before its connection's outbox waits."""
_MAX_WAITING = 256
"""Messages in an outbox above which the connection is not read from: the client gets no more
answers queued than this before it reads some."""


class _Gone(Exception):
    """The connection is over; ends its task group."""


class Owner(Protocol):
    """Who accepted a connection and runs it."""

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """One TCP connection of a client."""

    def __init__(self, endpoint: Endpoint, owner: Owner) -> None:
        self.id = endpoint.next_connection_id()
        self.dc = endpoint.dc
        self.media = endpoint.media
        self._owner = owner
        self._site = endpoint.site
        self._accept_delay = endpoint.shape.accept_delay
        self._transport: asyncio.Transport
        self._frames = FrameReader()
        self._exchange = Exchange(self.dc, DC_KEYS[self.dc])
        self._incoming = DelayLine(endpoint.one_way)
        self._outgoing = DelayLine(endpoint.one_way)
        self._outbox = Outbox(self._write, self._outgoing, endpoint.bottlenecks(), self._wasted)
        self._conversation: Conversation = converse(self, self._site, endpoint.dispatcher)
        self._tasks: asyncio.TaskGroup
        self._lost = asyncio.Event()
        self._keys: set[AuthKey] = set()
        self._sessions: set[Session] = set()
        self._started = False
        self._early = b""
        self._reading = False
        self._frozen = False
        self._ping_timer: asyncio.TimerHandle | None = None

    # ---- life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._owner.opened(self)

    async def run(self) -> None:
        """Serve the client until the connection is lost."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._outbox.pump(), name=f"pump {self.id}")
                await self._delay_start()
                self._start()
                await self._lost.wait()
                raise _Gone
        except* _Gone:
            pass
        finally:
            self._transport.abort()
            self._outbox.close()

    async def _delay_start(self) -> None:
        if self._accept_delay > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._accept_delay):
                    await self._lost.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._detach()
        self._incoming.close()
        self._outgoing.close()
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        self._lost.set()
        self._owner.closed(self)

    def eof_received(self) -> bool:
        self._detach()
        return False  # the transport closes itself

    def _detach(self) -> None:
        for key in self._keys:
            key.connections.discard(self)
        for session in self._sessions:
            if session.connection is self:
                session.connection = None
        self._keys.clear()
        self._sessions.clear()

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def close_after(self, seconds: float) -> None:
        """End it in a while, unless asked again before (ping_delay_disconnect)."""
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        loop = asyncio.get_running_loop()
        self._ping_timer = loop.call_later(seconds, self._transport.close)

    # ---- reading

    def _start(self) -> None:
        self._started = True
        self._read_on()
        self.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        if not self._started:
            # Not paused before: asyncio starts reading after connection_made, come what may.
            self._early += data
            self._transport.pause_reading()
            return
        if self._frozen:
            return
        try:
            for packet in self._frames.feed(data):
                self._incoming.push(partial(self._packet, packet))
        except FramingError as e:
            _log.warning("connection %d: %s", self.id, e)
            self._transport.abort()
        self._throttle()

    def _packet(self, packet: bytes) -> None:
        if self._frozen or self._transport.is_closing():
            return
        try:
            if packet[:8] == _NO_KEY:
                self._plain(packet)
            else:
                self._encrypted(packet)
        except WrongDcError:
            self.fail(-444)
        except (ExchangeError, DecryptionError, ProtocolError, TlError) as e:
            _log.warning("connection %d: %s", self.id, e)
            self.fail(-404)

    def _plain(self, packet: bytes) -> None:
        if len(packet) < _PLAIN_HEADER.size + 4:
            raise ProtocolError("packet too short")
        _, _, size = _PLAIN_HEADER.unpack_from(packet)
        request = read(packet[_PLAIN_HEADER.size : _PLAIN_HEADER.size + size])
        if not isinstance(request, _EXCHANGE_REQUESTS):
            return  # a stray acknowledgement, which needs no answer
        now = self._site.clock.now()
        answer = bytes(self._exchange.answer(request, now))
        msg_id = int(now * (1 << 32)) & ~3 | 1
        if self._exchange.result is not None:
            self._site.keys.add(self.dc, self._exchange.result, now)
            self._exchange = Exchange(self.dc, DC_KEYS[self.dc])
            self._site.counters.keys_made += 1
            self._site.counters.changed()
        packet = _PLAIN_HEADER.pack(0, msg_id, len(answer)) + answer
        self._post(partial(self._frames.wrap, packet))

    def _encrypted(self, packet: bytes) -> None:
        key = self._site.keys.find(self.dc, packet[:8], self._site.clock.now())
        if key is None:
            raise ProtocolError("unknown authorisation key")
        plain = open_from_client(key.key, packet)
        self._keys.add(key)
        key.connections.add(self)
        self._conversation.receive(key, plain)

    def attach(self, session: Session) -> None:
        """What the session is sent from now on goes over this connection."""
        session.connection = self
        self._sessions.add(session)

    def shares_key(self, key: AuthKey) -> bool:
        """Whether more connections use the key at once than its login may have."""
        if self.media or len(key.connections) <= self._site.tmp_sessions:
            return False
        active = sum(1 for c in key.connections if c is self or c.competes)
        return active > self._site.tmp_sessions

    @property
    def competes(self) -> bool:
        """Whether it counts as using its keys."""
        gone = self._frozen or self._transport.is_closing()
        return not (self.media or gone) and self._reading

    def _throttle(self) -> None:
        if len(self._outbox) > _MAX_WAITING and self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _read_on(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    # ---- writing

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` for as long as the connection lives."""
        return self._tasks.create_task(work)

    def send(self, session: Session, body: bytes, *, flight: Flight | None = None) -> Outgoing:
        """Send an rpc_result."""
        finish = partial(self._answered, flight)
        outgoing = Outgoing(partial(self._seal, session, body, True, True), finish)
        if flight is not None:
            flight.outgoing = outgoing
        self._put(outgoing)
        return outgoing

    def _answered(self, flight: Flight | None) -> None:
        if flight is not None:
            self._conversation.requests.land(flight)
        if not self._reading and len(self._outbox) <= _MAX_WAITING // 2:
            self._read_on()

    def send_service(self, session: Session, service: Any, *, content: bool = False) -> None:
        """Send a message about messages."""
        self._post(partial(self._seal, session, bytes(service), content, True))

    def push(self, session: Session, body: bytes) -> None:
        """Send what nobody asked for: updates."""
        self._post(partial(self._seal, session, body, True, False))

    def resend(self, session: Session, message: Message) -> None:
        """Send the very same message again."""
        self._post(partial(self._encrypt, session, message))

    def withdraw(self, outgoing: Outgoing) -> bool:
        """Take back an answer whose bytes have not begun to leave."""
        return self._outbox.withdraw(outgoing)

    def _post(self, render: Callable[[], bytes]) -> None:
        self._put(Outgoing(render, partial(self._answered, None)))

    def _put(self, outgoing: Outgoing) -> None:
        if self._frozen or self._transport.is_closing():
            outgoing.complete()
        else:
            self._outbox.post(outgoing)

    def _seal(self, session: Session, body: bytes, content: bool, response: bool) -> bytes:
        msg_id = session.next_id(self._site.clock.now(), response=response)
        message = Message(msg_id, session.next_seqno(content=content), body)
        if content and len(body) <= MAX_RESENDABLE_SIZE:
            session.remember(message)
        return self._encrypt(session, message)

    def _encrypt(self, session: Session, message: Message) -> bytes:
        key = session.key
        plain = seal(key.salt(self._site.clock.now()), session.session_id, message)
        return self._frames.wrap(seal_for_client(key.key, key.wire_id, plain))

    def _write(self, data: bytes | memoryview) -> None:
        if not self._frozen and not self._transport.is_closing():
            self._site.counters.bytes_written += len(data)
            self._transport.write(data)

    def _wasted(self, size: int) -> None:
        self._site.counters.bytes_after_drop += size
        self._site.counters.changed()

    def pause_writing(self) -> None:
        self._outbox.pause()

    def resume_writing(self) -> None:
        self._outbox.resume()

    # ---- faults

    def fail(self, code: int) -> None:
        """Send a transport error and close, as Telegram does."""
        self._post(partial(self._frames.wrap, error_frame(code)))
        self._post_close()

    def _post_close(self) -> None:
        def close_last() -> bytes:
            self._outgoing.push(self._transport.close)
            return b""

        self._post(close_last)

    def freeze(self) -> None:
        """Keep the socket open and let nothing through any more, either way."""
        self._frozen = True
        self._detach()

    def send_torn(self, session: Session, body: bytes) -> None:
        """Send half of a packet, then reset the connection."""
        packet = self._seal(session, body, True, True)
        self._transport.write(packet[: len(packet) // 2])
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


_EXCHANGE_REQUESTS = (
    functions.ReqPqRequest,
    functions.ReqPqMultiRequest,
    functions.ReqDHParamsRequest,
    functions.SetClientDHParamsRequest,
)
