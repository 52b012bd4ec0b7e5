"""What nginx says by syslog: one line for each answer, the ticket and the bytes."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from telpher.errors import SettingsError
from telpher.web.edge.desk import Desk

_LINE: Final = re.compile(rb".*?([A-Za-z0-9_-]{22}) ([0-9]{1,15})\s*", re.DOTALL)


class EdgeLog(asyncio.DatagramProtocol):
    """Listens on EDGE_LOG; what is no such line is passed over."""

    def __init__(self, desk: Desk, host: str, port: int) -> None:
        self._desk = desk
        self._host = host
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Raises SettingsError when the address is not to be had."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(self._host, self._port)
            )
        except OSError as error:
            problem = f"EDGE_LOG: cannot listen on {self._host}:{self._port}: {error.strerror}"
            raise SettingsError([problem]) from error

    def close(self) -> None:
        """Hears no more."""
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        found = _LINE.fullmatch(data)
        if found is not None:
            self._desk.settle(found[1].decode(), int(found[2]))
