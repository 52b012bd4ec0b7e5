"""Connections change hands between the workers of one machine.

Whoever accepts a connection looks at the request before parsing it. When it is about a message that
another worker has (`core.sharing`), the connection itself is sent there, with what was read of it,
over a Unix socket that keeps messages apart. From then on nobody is in between: no process carries
another's bytes.

    accepted by 0 ── GET /stream/7/9 ── 9 is of 2 ──▶ 2.sock: socket + bytes ──▶ answered by 2

The same happens with a later request on a connection that is kept alive. Nothing is lost when that
worker is not there or has no room: who accepted the connection serves it.
"""

from __future__ import annotations

import asyncio
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
        self._from: set[socket.socket] = set()
        self._to: dict[int, socket.socket] = {}

    def open(self) -> None:
        """Begins to take and to give. Raises OSError."""
        path = self._place.socket(self._place.number)
        if path is None:
            return
        path.unlink(missing_ok=True)
        self._box = _unix_socket()
        self._box.bind(str(path))
        self._box.listen()
        asyncio.get_running_loop().add_reader(self._box.fileno(), self._meet)

    def given(self, transport: asyncio.BaseTransport, data: bytes) -> bool:
        """Whether another worker has the connection now, whose next request begins with `data`:
        then it is to be closed here."""
        if self._box is None or len(data) > MOST_BYTES:
            return False
        number = owner(data, self._place.of)
        if number is None or number == self._place.number:
            return False
        descriptor = transport.get_extra_info("socket").fileno()
        # The way that is open may lead to one who died; there may be another in its place.
        return any(self._sent(number, descriptor, data) for _ in range(2))

    def close(self) -> None:
        """Takes and gives no more; what is on its way here already is adopted."""
        if self._box is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._box.fileno())
        path = self._place.socket(self._place.number)
        if path is not None:
            path.unlink(missing_ok=True)
        self._meet()
        self._box.close()
        self._box = None
        for sibling in list(self._from):
            self._take(sibling)
            self._part(sibling)
        for sibling in self._to.values():
            sibling.close()
        self._to.clear()

    def _sent(self, number: int, descriptor: int, data: bytes) -> bool:
        try:
            way = self._to.get(number) or self._way_to(number)
        except OSError:  # it is being replaced
            return False
        try:
            socket.send_fds(way, [data], [descriptor])
        except BlockingIOError:  # it has its hands full
            return False
        except OSError:
            self._to.pop(number).close()
            return False
        return True

    def _way_to(self, number: int) -> socket.socket:
        way = _unix_socket()
        try:
            way.connect(str(self._place.socket(number)))
        except OSError:
            way.close()
            raise
        self._to[number] = way
        return way

    def _meet(self) -> None:
        """Lets in whoever has something to give."""
        while self._box is not None:
            try:
                sibling, _ = self._box.accept()
            except BlockingIOError:
                return
            except OSError as error:  # no more files may be opened
                _log.warning("a worker could not be let in", problem=str(error))
                return
            sibling.setblocking(False)
            self._from.add(sibling)
            loop = asyncio.get_running_loop()
            loop.add_reader(sibling.fileno(), self._take, sibling)

    def _take(self, sibling: socket.socket) -> None:
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(sibling, MOST_BYTES, 1)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                self._part(sibling)
                return
            for descriptor in descriptors:
                connection = socket.socket(fileno=descriptor)
                connection.setblocking(False)
                self._adopt(connection, data)

    def _part(self, sibling: socket.socket) -> None:
        if sibling in self._from:
            self._from.discard(sibling)
            asyncio.get_running_loop().remove_reader(sibling.fileno())
            sibling.close()


def _unix_socket() -> socket.socket:
    # Not datagrams: of those Linux keeps ten, however small, for who does not come to reading.
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setblocking(False)
    return made
