"""uvicorn's HTTP protocol inside our own event loop.

uvicorn's `Server` owns the process: it takes the signals, polls ten times a second for its end and
exits by itself when a port is taken. telpher has its own life (signals, bot, jobs), so only the
protocol is used, on a listening socket that is bound here: a taken port is an ordinary error, and
closing has two steps, as streams deserve: stop accepting, then let answers end.

A message counts as sent when the kernel has all of it. uvicorn's own `send` waits for the one
before it: then each viewer would hold a mebibyte, half sent, that no budget knows of any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from functools import partial
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from telpher.clock import Clock
from telpher.crew.place import ALONE, Place
from telpher.web.connection import Connection, Limits, State
from telpher.web.handover import Handover
from telpher.web.listening import BACKLOG, listen

_log = structlog.stdlib.get_logger(__name__)

# After their connections are cut, answers have this long to close their streams.
_CLEAN_UP_SECONDS: Final = 5.0


def _is_news(record: logging.LogRecord) -> bool:
    """Whether an entry of uvicorn's says what `web.response` has not said already, with reason."""
    return record.msg != "ASGI callable returned without completing response."


class HttpServer:
    """Serves one ASGI application on one address, or on the socket that its crew listens on.

    `port` 0 asks for a free one; after `start` the property tells which.
    """

    def __init__(
        self,
        app: ASGIApp,
        clock: Clock,
        host: str,
        port: int,
        limits: Limits | None = None,
        place: Place = ALONE,
    ) -> None:
        self._app = app
        self._clock = clock
        self._host = host
        self._port = port
        self._limits = limits or Limits()
        self._place = place
        self._state = State()
        self._adopting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._connection: Callable[[bytes], Connection]
        self._date: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._state.connections)

    @property
    def refused(self) -> Mapping[str, int]:
        """How many requests were turned away before they were one, by the error's key."""
        return self._state.refused

    async def start(self) -> None:
        """Binds and serves. Raises SettingsError when the address is not to be had."""
        config = uvicorn.Config(
            self._app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            forwarded_allow_ips=[],
            server_header=False,
            workers=1,
            timeout_keep_alive=self._limits.idle,
            # Without it a pipelined request inherits the context of the one before it.
            reset_contextvars=True,
        )
        config.load()
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        loop = asyncio.get_running_loop()
        listener = await self._bound()
        self._port = listener.getsockname()[1]
        self._set_date()
        self._connection = partial(Connection, config, self._state, self._limits, loop)
        self._server = await loop.create_server(self._connection, sock=listener, backlog=BACKLOG)
        if self._place.of > 1:
            self._state.handover = Handover(self._place, self._adopt)
            self._state.handover.open()

    async def _bound(self) -> socket.socket:
        if self._place.listener is not None:
            return socket.socket(fileno=self._place.listener)
        return await listen(self._host, self._port)

    def _adopt(self, client: socket.socket, begun: bytes) -> None:
        """Serves a connection that was accepted elsewhere, where so much was read of it."""
        task = asyncio.get_running_loop().create_task(
            _connected(partial(self._connection, begun), client), name="a connection handed over"
        )
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    def stop_accepting(self) -> None:
        """Closes the listening socket and idle connections; answers under way go on.

        Whom the kernel has let in is served: closed with the socket, they would see a reset and
        not know whether they were heard, which a proxy forgives GET and not POST.
        """
        if self._server is None:
            return
        self._state.ending = True
        for client in _let_in(self._server):
            self._adopt(client, b"")
        self._server.close()
        self._server = None
        if self._state.handover is not None:
            self._state.handover.close()
            self._state.handover = None
        for connection in list(self._state.connections):
            connection.shutdown()

    async def drain(self, seconds: float) -> None:
        """Waits until all answers are sent, at most `seconds`, then cuts off the rest.

        Who is cut off sees a broken body and may go on elsewhere with a Range.
        """
        self.stop_accepting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*self._adopting)
                await self._state.empty.wait()
        if self._state.connections:
            _log.warning("answers cut off", connections=len(self._state.connections))
        for connection in list(self._state.connections):
            connection.transport.abort()
        await self._finish_tasks()

    async def close(self) -> None:
        """Ends everything at once."""
        await self.drain(0)
        if self._date is not None:
            self._date.cancel()

    async def _finish_tasks(self) -> None:
        tasks = set(self._state.tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=_CLEAN_UP_SECONDS)
        for task in late:
            task.cancel()

    def _set_date(self) -> None:
        """Keeps the Date header right to the second for all connections at once."""
        date = formatdate(self._clock.now(), usegmt=True).encode("ascii")
        self._state.default_headers = [(b"date", date)]
        self._date = asyncio.get_running_loop().call_later(1.0, self._set_date)


def _let_in(server: asyncio.Server) -> Iterator[socket.socket]:
    """The connections that wait to be accepted at this moment."""
    for each in server.sockets:
        with socket.socket(fileno=os.dup(each.fileno())) as listener, contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setblocking(False)
                yield client


async def _connected(protocol: Callable[[], Connection], client: socket.socket) -> None:
    """Nobody is told when the client is gone by then."""
    with contextlib.suppress(OSError):
        await asyncio.get_running_loop().connect_accepted_socket(protocol, client)
