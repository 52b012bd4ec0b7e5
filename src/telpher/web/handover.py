"""Connections change hands between the workers of one machine.

Whoever accepts a connection looks at the request before parsing it. When it is about a message that
another worker has (`core.sharing`), the connection itself is sent there, with what was read of it,
over a Unix datagram socket. From then on nobody is in between: no process carries another's bytes.

    accepted by 0 ── GET /stream/7/9 ── 9 is of 2 ──▶ 2.sock: socket + bytes ──▶ answered by 2

The same happens with a later request on a connection that is kept alive. Nothing is lost when that
worker is not there or has no room: who accepted the connection serves it.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Final

import structlog

from telpher.core.sharing import owner
from telpher.crew import Place

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# A request's beginning is longer than this only in an attack, or with a body.
MOST_BYTES: Final = 32 << 10

Adopt = Callable[[socket.socket, bytes], None]


class Handover:
    """See the module. `adopt` is called with connections that others have accepted."""

    def __init__(self, place: Place, adopt: Adopt) -> None:
        self._place = place
        self._adopt = adopt
        self._box: socket.socket | None = None
        self._out: socket.socket | None = None

    def open(self) -> None:
        """Begins to take and to give. Raises OSError."""
        path = self._place.socket(self._place.number)
        if path is None:
            return
        path.unlink(missing_ok=True)
        self._box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._box.setblocking(False)
        self._box.bind(str(path))
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        asyncio.get_running_loop().add_reader(self._box.fileno(), self._take)

    def given(self, transport: asyncio.BaseTransport, data: bytes) -> bool:
        """Whether another worker has the connection now, whose next request begins with `data`:
        then it is to be closed here."""
        if self._out is None or len(data) > MOST_BYTES:
            return False
        number = owner(data, self._place.of)
        if number is None or number == self._place.number:
            return False
        descriptor = array.array("i", [transport.get_extra_info("socket").fileno()])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor)]
        try:
            self._out.sendmsg([data], rights, 0, str(self._place.socket(number)))
        except OSError:  # it is being replaced, or has its hands full
            return False
        return True

    def close(self) -> None:
        """Takes and gives no more; what is in the box already is adopted."""
        if self._box is None:
            return
        asyncio.get_running_loop().remove_reader(self._box.fileno())
        path = self._place.socket(self._place.number)
        if path is not None:
            path.unlink(missing_ok=True)
        self._take()
        self._box.close()
        self._box = None
        if self._out is not None:
            self._out.close()
            self._out = None

    def _take(self) -> None:
        while self._box is not None:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._box, MOST_BYTES, 1)
            except BlockingIOError:
                return
            except OSError as error:
                _log.warning("a connection could not be taken over", problem=str(error))
                return
            for descriptor in descriptors:
                self._begin(descriptor, data)

    def _begin(self, descriptor: int, data: bytes) -> None:
        try:
            connection = socket.socket(fileno=descriptor)
        except OSError:  # gone already
            with contextlib.suppress(OSError):
                os.close(descriptor)
            return
        connection.setblocking(False)
        self._adopt(connection, data)
