"""What nginx says by syslog: one line for each answer, the ticket and the bytes.

Several workers listen on one socket, which their supervisor has bound, and each line reaches one of
them. A ticket says whose it is; lines for others are passed on over the workers' telephone, many at
a time.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from telpher.crew.telephone import Telephone
from telpher.errors import SettingsError
from telpher.web.edge.desk import Desk, issuer

_LINE: Final = re.compile(rb".*?([A-Za-z0-9_-]{22}) ([0-9]{1,15})\s*", re.DOTALL)

# Seconds between two rounds of passing on, and lines that one round carries to one worker.
ROUND: Final = 0.25
MOST_AT_ONCE: Final = 1000

# Lines that wait for one worker, which may just be being replaced; of more, the oldest are lost.
MOST_WAITING: Final = 10_000

_QUESTION: Final = "tickets"

Sleep = Callable[[float], Awaitable[None]]


def bound(host: str, port: int) -> socket.socket:
    """The socket that nginx is to send to. Raises SettingsError when the address is not to be
    had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_DGRAM)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        problem = f"EDGE_LOG: cannot listen on {host}:{port}: {error.strerror}"
        raise SettingsError([problem]) from error
    listener.setblocking(False)
    return listener


class EdgeLog(asyncio.DatagramProtocol):
    """Listens on EDGE_LOG; what is no such line is passed over."""

    def __init__(self, desk: Desk, address: tuple[str, int], telephone: Telephone) -> None:
        self._desk = desk
        self._address = address
        self._telephone = telephone
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[int, deque[tuple[str, int]]] = {
            each: deque(maxlen=MOST_WAITING) for each in telephone.siblings
        }
        telephone.answer(_QUESTION, self._passed_here)

    async def open(self) -> None:
        """Raises SettingsError when the address is not to be had."""
        inherited = self._telephone.place.edge_log
        listener = bound(*self._address) if inherited is None else socket.socket(fileno=inherited)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=listener)

    def close(self) -> None:
        """Hears no more."""
        if self._transport is not None:
            self._transport.close()

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """Passes on what is others', until cancelled. A job."""
        while self._waiting:
            for number, lines in self._waiting.items():
                await self._pass_on(number, lines)
            await sleep(ROUND)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        found = _LINE.fullmatch(data)
        if found is None:
            return
        ticket, count = found[1].decode(), int(found[2])
        others = self._waiting.get(issuer(ticket))
        if others is None:
            self._desk.settle(ticket, count)
        else:
            others.append((ticket, count))

    async def _pass_on(self, number: int, lines: deque[tuple[str, int]]) -> None:
        while lines:
            some = [lines.popleft() for _ in range(min(len(lines), MOST_AT_ONCE))]
            if not await self._telephone.ask(number, _QUESTION, lines=some):
                # If it has them after all: a ticket counts once.
                lines.extendleft(reversed(some))
                return

    def _passed_here(self, asked: Mapping[str, Any]) -> bool:
        for ticket, count in asked["lines"]:
            self._desk.settle(ticket, count)
        return True
