"""uvicorn's HTTP protocol inside our own event loop.

uvicorn's `Server` owns the process: it takes the signals, polls ten times a second for its end and
exits by itself when a port is taken. telpher has its own life (signals, bot, jobs), so only the
protocol is used, on a listening socket that is bound here: a taken port is an ordinary error, and
closing has two steps, as streams deserve: stop accepting, then let answers end.

Options on the listening socket are inherited by every connection (Linux).

A message counts as sent when the kernel has all of it. uvicorn's own `send` waits for the one
before it: then each viewer would hold a mebibyte, half sent, that no budget knows of any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Mapping
from email.utils import formatdate
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from telpher.clock import Clock
from telpher.errors import SettingsError
from telpher.web.connection import Connection, Limits, State

_log = structlog.stdlib.get_logger(__name__)

# Bytes the kernel queues beyond what the network takes: without a limit a slow client holds up to
# 3.6 MiB there, which the viewer's read-ahead already covers (libraries.md, "Traps").
UNSENT_BYTES: Final = 128 << 10

# A client that takes no byte for so long is gone. The kernel counts a closed window too, and that
# is what a paused player looks like (players.md 10): it resumes with a Range after longer breaks.
STALLED_MS: Final = 15 * 60 * 1000

BACKLOG: Final = 2048

# After their connections are cut, answers have this long to close their streams.
_CLEAN_UP_SECONDS: Final = 5.0


def _is_news(record: logging.LogRecord) -> bool:
    """Whether an entry of uvicorn's says what `web.response` has not said already, with reason."""
    return record.msg != "ASGI callable returned without completing response."


class HttpServer:
    """Serves one ASGI application on one address.

    `port` 0 asks for a free one; after `start` the property tells which.
    """

    def __init__(
        self, app: ASGIApp, clock: Clock, host: str, port: int, limits: Limits | None = None
    ) -> None:
        self._app = app
        self._clock = clock
        self._host = host
        self._port = port
        self._limits = limits or Limits()
        self._state = State()
        self._server: asyncio.Server | None = None
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
        listener = await _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._set_date()
        self._server = await loop.create_server(
            lambda: Connection(config, self._state, self._limits, loop),
            sock=listener,
            backlog=BACKLOG,
        )

    def stop_accepting(self) -> None:
        """Closes the listening socket and idle connections; answers under way go on."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in list(self._state.connections):
            connection.shutdown()

    async def drain(self, seconds: float) -> None:
        """Waits until all answers are sent, at most `seconds`, then cuts off the rest.

        Who is cut off sees a broken body and may go on elsewhere with a Range.
        """
        self.stop_accepting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
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


async def _listen(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(
            (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both
        )
    except OSError as error:
        raise SettingsError([_explain(error, host, port)]) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"HOST: {host!r} is no address of this machine; use 0.0.0.0 for all of them"
    if error.errno == errno.EADDRINUSE:
        return f"PORT: {port} is in use by another program; stop it or set another PORT"
    if error.errno == errno.EACCES:
        return f"PORT: {port} may not be used without root rights; set one above 1023"
    return f"HOST, PORT: cannot listen on {host}:{port}: {error.strerror}"
