"""One client's connection: uvicorn's HTTP protocol, with the limits it lacks.

    silent, or too slow      closed, or 408        10 s for the headers of a request, 30 s for its
                                                   body, 75 s between two requests
    too large                431, 413              32 KiB of headers, 100 of them, 1 MiB of body
    malformed                400                   also a Host that is missing, twice there, or odd
    one too many             503                   when every connection is busy; else the one that
                                                   has been waiting longest gives way
    too many in advance      answered, then closed pipelined requests

What is refused while answers are under way is refused behind them: bytes of ours in the midst of a
film's would be taken for the film's.

A client that is told no is often still sending. Closed at once, its own bytes would make the kernel
reset the connection and take our answer back: so what still comes is read and dropped for a moment
(RFC 9112, 9.6).

So that strangers who connect and say nothing, however many they are, keep nobody out: whoever asks
for something is no longer among those that may have to give way.

When the server ends, an answer under way is the last one of its connection, and an idle connection
is closed. Whoever has just come may ask once: the request is on its way, and whoever sent it cannot
know whether it was heard.

A client that does not read is not limited here: that is what a paused player looks like, and the
kernel's time-out ends it (`web.server`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httptools
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from telpher.web import refusal
from telpher.web.handover import Handover
from telpher.web.head import one_host, with_path
from telpher.web.refusal import Refusal

# A link's address has 2,000 bytes at most and browsers send some KiB of cookies. Everything a
# stranger sends is kept until the headers are complete.
MOST_HEAD: Final = 32 << 10

# A field of four bytes takes over a hundred here, and a call of its own: 32 KiB of such fields on
# every connection would fill the memory of a small machine. Browsers behind proxies send some 40;
# it is Apache's limit, too.
MOST_FIELDS: Final = 100

# Nothing is uploaded here: the largest bodies are the admin API's.
MOST_BODY: Final = 1 << 20

# Nobody who waits for answers has so many requests outstanding (browsers do not pipeline). Each is
# 25 bytes on the wire and 2 KiB here, for as long as the answer before it is not read.
MOST_PIPELINED: Final = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and connections at once. Beyond those, `spare` more are told so; the rest is cut.
    `most_body` is the largest body of a request, in bytes; `last_call` is for who came just before
    the end."""

    head: float = 10.0
    body: float = 30.0
    # Longer than the minute for which proxies keep a connection (nginx: 60 s), so that the side
    # that closes an idle one is not ours while a request is on its way.
    idle: int = 75
    linger: float = 2.0
    last_call: float = 1.0
    connections: int = 4096
    spare: int = 256
    most_body: int = MOST_BODY


class State(ServerState):
    """What all connections share; `empty` is set while there are none. Those in `waiting` have no
    request under way, the one that has waited longest first. `refused` counts by the error's key.
    `ending`: no connection has a further request.
    """

    def __init__(self) -> None:
        super().__init__()
        self.empty = asyncio.Event()
        self.empty.set()
        self.waiting: dict[Connection, None] = {}
        self.refused: Counter[str] = Counter()
        self.handover: Handover | None = None
        self.ending = False


class _Given:
    """A connection on its way to another worker (`web.handover`)."""

    def __init__(self, connection: Connection, begun: bytes) -> None:
        self._connection = connection
        self._begun = begun

    def gone(self) -> None:
        # This process's end of it alone.
        self._connection.transport.abort()

    def back(self) -> None:
        self._connection.serve(self._begun)


class _Refused(Exception):
    """Ends the parser's work on what was received."""

    def __init__(self, why: Refusal | None) -> None:
        self.why = why


class Connection(HttpToolsProtocol):
    """See the module."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: State,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
        begun: bytes = b"",
    ) -> None:
        """`begun` is what was received before it came here (`web.handover`)."""
        super().__init__(config, state, {}, loop)
        self._state = state
        self._begun = begun
        self._empty = state.empty
        self._waiting = state.waiting
        self._refused = state.refused
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        # Requests whose answers are not complete, in their order; the first is being answered.
        self._under_way: deque[RequestResponseCycle] = deque()
        self._in_head = False
        self._in_body = False
        self._parsed = self._received = 0
        self._fields = 0
        self._hosts: list[bytes] = []
        # Set: nothing is read any more, and this is to be said when all answers are complete.
        self._deaf = False
        self._why: Refusal | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # So that writing counts as paused while anything is left, and goes on when nothing is.
        transport.set_write_buffer_limits(high=0)
        self.app = _sent_whole(self.app, self.flow)
        self._empty.clear()
        excess = len(self.connections) - self._limits.connections
        if excess <= 0 or self._another_gives_way():
            self._waiting[self] = None
            self._wait_for_head()
        elif excess <= self._limits.spare:
            self._turn_away(refusal.TOO_MANY)
        else:
            transport.abort()
        if self._begun and not transport.is_closing():
            self.data_received(self._begun)
            self._begun = b""

    def _another_gives_way(self) -> bool:
        """Cuts off who has been waiting longest; False when nobody is."""
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        del self._waiting[longest]
        longest.transport.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._waiting.pop(self, None)
        # uvicorn tells the last of them; one before it would stream the rest of its film to nobody.
        for cycle in self._under_way:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if not self.connections:
            self._empty.set()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._given_away(data):
            return
        if self._in_head:
            self._received += len(data)
        try:
            self._parse(data)
            # The parser keeps a header until it is complete, and tells of it only then.
            if self._in_head and self._received > MOST_HEAD:
                raise _Refused(refusal.HEAD_TOO_LARGE)
        except _Refused as refused:
            self._turn_away(refused.why)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._turn_away(cause.why if isinstance(cause, _Refused) else refusal.MALFORMED)

    def _given_away(self, data: bytes) -> bool:
        """Whether another worker has the connection now; `data` is how its next request begins."""
        handover = self._state.handover
        if handover is None or self._begun or self._in_head or self._in_body or self._under_way:
            return False
        if not handover.give(self.transport, data, _Given(self, data)):
            return False
        self.flow.pause_reading()
        # Who takes it says so at once, or is replaced: the last resort.
        self._wait(self._limits.body, self.transport.abort)
        return True

    def serve(self, begun: bytes) -> None:
        """Goes on here with a request that begins so, and could not be given away."""
        if self.transport.is_closing():
            return
        self._begun = begun
        self._wait_for_head()
        self.flow.resume_reading()
        self.data_received(begun)
        self._begun = b""

    def _parse(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                # No other protocol is spoken here, and the request is answered in this one
                # (RFC 9110, 7.8). What follows is the next request.
                rest = rest[upgrade.args[0] :]
            else:
                return

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if len(self._under_way) >= MOST_PIPELINED:
            raise _Refused(None)
        self._in_head = True
        self._parsed = self._received = self._fields = 0
        self._hosts.clear()
        if not self._under_way:
            self._unset_keepalive_if_required()
            self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + len(b": \r\n"))
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise _Refused(refusal.HEAD_TOO_LARGE)
        if self._in_body:
            return  # a trailer: what it says comes too late to be believed
        super().on_header(name, value)
        if self.headers[-1][0] == b"host":
            self._hosts.append(value)

    def _count(self, count: int) -> None:
        self._parsed += count
        if self._parsed > MOST_HEAD:
            raise _Refused(refusal.HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if not one_host(self._hosts, self.parser.get_http_version()):
            raise _Refused(refusal.MALFORMED)
        self.url = with_path(self.url)
        super().on_headers_complete()
        if self._state.ending:
            self.cycle.keep_alive = False
        self._under_way.append(self.cycle)
        self._waiting.pop(self, None)
        self._in_body = True
        self._parsed = 0
        if len(self._under_way) == 1:
            self._wait(self._limits.body, self._body_is_late)

    def on_body(self, body: bytes) -> None:
        self._parsed += len(body)
        if self._parsed > self._limits.most_body:
            raise _Refused(refusal.BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        self._stop_waiting()

    # What the application's answers call.

    def on_response_complete(self) -> None:
        self._under_way.popleft()
        super().on_response_complete()
        if self._under_way or self.transport.is_closing():
            return
        self._waiting[self] = None
        if self._deaf:
            self._say(self._why)
        elif self._in_head:
            self._wait_for_head()

    # What the server calls.

    def shutdown(self) -> None:
        if self.cycle is not None and not self._in_head:
            super().shutdown()
        elif not self._deaf:
            self._wait_for_head()

    # Time, and saying no.

    def _wait(self, seconds: float, late: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, late)

    def _wait_for_head(self) -> None:
        seconds = self._limits.last_call if self._state.ending else self._limits.head
        self._wait(seconds, self._head_is_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        """Who has said nothing at all expects no answer."""
        if self._under_way:
            return  # asked again when they are answered
        if self._in_head:
            self._turn_away(refusal.TOO_SLOW)
        else:
            self.transport.close()

    def _body_is_late(self) -> None:
        if self._in_body and self._under_way and not self._under_way[0].response_started:
            self._turn_away(refusal.TOO_SLOW)

    def _turn_away(self, why: Refusal | None) -> None:
        """Reads nothing more; says why (None: nothing) as soon as no answer is under way."""
        self._deaf = True
        self._why = why
        last = self._under_way[-1] if self._under_way else None
        if last is not None and self._in_body and not last.response_started:
            # Its body will not come: nobody shall wait for it.
            self._under_way.pop()
            last.disconnected = True
            last.message_event.set()
        if not self._under_way:
            # Behind a complete answer to a request whose body goes on there is nothing to say.
            self._say(None if self._in_body and last is None else why)

    def _say(self, why: Refusal | None) -> None:
        self._stop_waiting()
        self._unset_keepalive_if_required()
        if why is not None:
            self._refused[why.key] += 1
            head, body = refusal.written(why, self.server_state.default_headers)
            # The parser is at the request that was refused: an answer to HEAD has no body.
            is_head = self._parsed > 0 and self.parser.get_method() == b"HEAD"
            self.transport.write(head if is_head else head + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._wait(self._limits.linger, self.transport.abort)


def _sent_whole(app: ASGIApp, flow: FlowControl) -> ASGIApp:
    """`app` with a `send` that returns when the kernel has the message, or the client is gone."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_whole(message: Message) -> None:
            await send(message)
            if flow.write_paused:
                await flow.drain()

        await app(scope, receive, send_whole)

    return run
