"""A server on loopback that does what the test says, byte by byte if it wants."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from telpher.clock import SystemClock
from telpher.telegram import crypto
from telpher.telegram.mtproto.connection import Connection, connect
from telpher.telegram.mtproto.decryption import Decryptor
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.mtproto.framing import TAG, wrap
from telpher.telegram.mtproto.kit import AuthKey, Kit, Traffic
from telpher.telegram.mtproto.session import ServerTime
from tests.telegram.mtproto.peer import SECOND, Packet, plaintext, rpc_result, understood

KEY = bytes(range(256))

# Far more than anything here needs, on the slowest machine.
SECONDS = 60.0


class Server:
    """The other end of one TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.session_id = 0
        self._last_id = 0

    async def hears(self) -> Packet:
        """The client's next packet."""
        size = int.from_bytes(await self.reader.readexactly(4), "little")
        frame = bytearray(await self.reader.readexactly(size))
        assert frame[:8] == crypto.auth_key_id(KEY)
        crypto.decrypt(KEY, frame, from_server=False)
        packet = understood(bytes(frame[crypto.HEADER :]))
        self.session_id = packet.session_id
        return packet

    def next_id(self) -> int:
        self._last_id = max(int(SystemClock().now() * SECOND) | 3, self._last_id + 4)
        return self._last_id

    def frame(self, body: bytes, **other: Any) -> bytes:
        """A packet that says `body`, encrypted."""
        msg_id = other.pop("msg_id", None) or self.next_id()
        session_id = other.pop("session_id", self.session_id)
        sealed = plaintext(session_id, msg_id, body, **other)
        return crypto.encrypt(KEY, sealed, from_client=False)

    def says(self, body: bytes, **other: Any) -> None:
        self.sends(wrap(self.frame(body, **other)))

    def answers(self, msg_id: int, body: bytes) -> None:
        self.says(rpc_result(msg_id, body))

    def sends(self, data: bytes) -> None:
        self.writer.write(data)

    async def closed(self) -> None:
        """Returns when the client is gone, whatever it still sent."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Line:
    """Both ends of a connection."""

    connection: Connection
    server: Server
    kit: Kit

    def call(self, body: bytes = b"ask?", patience: float = SECONDS, *, urgent: bool = False):
        """A call in a task of its own."""
        return asyncio.create_task(self.connection.call(body, patience, urgent=urgent))


def make_kit(threads: int = 0, **times: float) -> Kit:
    waits = {"silence": SECONDS, "acknowledge_after": SECONDS, **times}
    decryptor = Decryptor(threads)
    return Kit(ServerTime(SystemClock()), Frames(), decryptor, Traffic(), **waits)


@contextlib.asynccontextmanager
async def line(kit: Kit | None = None, key: AuthKey | None = None) -> AsyncIterator[Line]:
    """A connection and its server; closed at the end."""
    kit = kit or make_kit()
    arrived: asyncio.Queue[Server] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(4) == TAG
        arrived.put_nowait(Server(reader, writer))

    listener = await asyncio.start_server(accept, "127.0.0.1", limit=1 << 22)
    async with asyncio.timeout(SECONDS), listener:
        port = listener.sockets[0].getsockname()[1]
        opened = await connect("127.0.0.1", port, key or AuthKey(KEY), kit, SECONDS)
        server = await arrived.get()
        try:
            yield Line(opened, server, kit)
        finally:
            await opened.close()
            server.writer.close()
            with contextlib.suppress(ConnectionError):
                await server.writer.wait_closed()
            kit.decryptor.close()
