"""Connections change hands between the workers of one machine.

Whoever accepts a connection looks at the request before parsing it. When it is about a message that
another worker has (`core.sharing`), the connection itself is sent there, with what was read of it,
over a Unix socket that keeps messages apart. From then on nobody is in between: no process carries
another's bytes.

    accepted by 0 ── GET /stream/7/9 ── 9 is of 2 ──▶ 2.sock: socket + bytes ──▶ answered by 2

The same happens with a later request on a connection that is kept alive.

Nothing is lost, whoever dies in the middle. Who gives a connection keeps it until the other one has
said that it is there, and says nothing on it meanwhile. Who takes it says so first, and serves it
then. So when a worker dies, those that it had answered for are broken off, and those that were
still on their way are served by who gave them: each by one of the two, never by both.

To one that is not there, has no room, or has not been heard of for a moment (`crew.board`) nothing
is given.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from telpher.core.sharing import keeper, owner
from telpher.crew.place import Place

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# A request's beginning is longer than this only in an attack, or with a body.
MOST_BYTES: Final = 32 << 10

# What the taker says of each connection, in the order in which they came: it is there; it is not,
# for no more files may be open.
_THERE: Final = b"+"
_LOST: Final = b"-"

Adopt = Callable[[socket.socket, bytes], None]


class Given(Protocol):
    """A connection that is on its way."""

    def gone(self) -> None:
        """Another worker has it."""
        ...

    def back(self) -> None:
        """It is to be served here after all."""
        ...


@dataclass(eq=False, slots=True)
class _Way:
    """To one sibling; `given` are not there yet, as far as is known."""

    number: int
    socket: socket.socket
    given: deque[Given] = field(default_factory=deque)


class Handover:
    """See the module. `adopt` is called with connections that others have accepted."""

    def __init__(self, place: Place, adopt: Adopt) -> None:
        self._place = place
        self._adopt = adopt
        self._box: socket.socket | None = None
        self._from: set[socket.socket] = set()
        self._to: dict[int, _Way] = {}

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

    def give(self, transport: asyncio.BaseTransport, data: bytes, given: Given) -> bool:
        """Whether the connection, whose next request begins with `data`, is on its way to another
        worker: then nothing is to be read or said on it here until `given` is told what came of
        it."""
        number = self._whose(data)
        if number == self._place.number:
            return False
        descriptor = transport.get_extra_info("socket").fileno()
        # The way that is open may lead to one who died; there may be another in its place.
        return any(self._sent(number, descriptor, data, given) for _ in range(2))

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
        for way in list(self._to.values()):
            self._end(way)
            for each in way.given:  # they are in the other one's box
                each.gone()

    def _whose(self, data: bytes) -> int:
        here, board = self._place.number, self._place.board
        if self._box is None or len(data) > MOST_BYTES:
            return here
        number = owner(data, self._place.of)
        if number is None or board is None:
            return here if number is None else number
        # Its own requests, too, go by what the board says of this one: as the others see it.
        return keeper(number, here, self._place.of, board.able)

    def _sent(self, number: int, descriptor: int, data: bytes, given: Given) -> bool:
        try:
            way = self._to.get(number) or self._way_to(number)
        except OSError:  # it is being replaced
            return False
        try:
            socket.send_fds(way.socket, [data], [descriptor])
        except BlockingIOError:  # it has its hands full
            return False
        except OSError:
            self._hear(way)
            return False
        way.given.append(given)
        return True

    def _way_to(self, number: int) -> _Way:
        way = _Way(number, _unix_socket())
        try:
            way.socket.connect(str(self._place.socket(number)))
        except OSError:
            way.socket.close()
            raise
        self._to[number] = way
        asyncio.get_running_loop().add_reader(way.socket.fileno(), self._hear, way)
        return way

    def _hear(self, way: _Way) -> None:
        """What the taker says. When it has died, all that it said before is still there to read."""
        while True:
            try:
                said = way.socket.recv(len(_THERE))
            except BlockingIOError:
                return
            except OSError:
                said = b""
            if not said:
                break
            each = way.given.popleft()
            each.gone() if said == _THERE else each.back()
        self._end(way)
        while way.given:
            way.given.popleft().back()

    def _end(self, way: _Way) -> None:
        if self._to.get(way.number) is way:
            del self._to[way.number]
            asyncio.get_running_loop().remove_reader(way.socket.fileno())
            way.socket.close()

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
            if not data or not self._answered(sibling, descriptors, data):
                self._part(sibling)
                return

    def _answered(self, sibling: socket.socket, descriptors: list[int], data: bytes) -> bool:
        """Takes a connection, if there is one; whether the sibling hears what we say."""
        connections = [socket.socket(fileno=each) for each in descriptors]
        try:
            sibling.send(_THERE if connections else _LOST)
        except BlockingIOError:
            # It does not listen, and would serve them, too, when it does.
            for each in connections:
                each.close()
            return False
        except OSError:
            pass  # it is dead: nobody else has them
        for each in connections:
            each.setblocking(False)
            self._adopt(each, data)
        return True

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
