"""A client for tests that want to see and to break every message: raw MTProto over asyncio streams.

It shares nothing with the server but the cipher; ids, sequence numbers and containers are made
here, and can be made wrong on purpose.
"""

import asyncio
import contextlib
import os
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import functions
from telethon.tl.core import RpcResult

from tgfake.authkeys import AuthKey
from tgfake.cluster import Cluster
from tgfake.crypto import open_as_client, seal_as_client
from tgfake.exchange import NewKey
from tgfake.session import Message, flatten, seal
from tgfake.tl import GZIP_PACKED, MSG_CONTAINER, read, unpack

LAYER = 229


class TransportError(Exception):
    """A four-byte frame came instead of a packet."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def new_key(cluster: Cluster, dc: int, *, layer: int = LAYER) -> AuthKey:
    """A key as after a key exchange and initConnection, without the work."""
    now = cluster.site.clock.now()
    key = cluster.site.keys.add(dc, NewKey(os.urandom(256), 0, None), now)
    key.layer = layer
    return key


class RawClient:
    """One connection, intermediate framing, one session."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: AuthKey
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.key = key
        self.salt = key.salt(time.time())
        self.session_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self.content = 0
        self.last_id = 0
        self.inbox: list[Message] = []

    # ---- writing

    def next_id(self) -> int:
        self.last_id = max(int(time.time() * (1 << 32)) & ~3, self.last_id + 4)
        return self.last_id

    def message(self, body: Any, *, content: bool = True) -> Message:
        seqno = self.content * 2 + content
        self.content += content
        return Message(self.next_id(), seqno, bytes(body))

    def write(self, message: Message) -> int:
        """Send `message` in a packet of its own; returns its id."""
        plain = seal(self.salt, self.session_id, message)
        packet = seal_as_client(self.key.key, self.key.wire_id, plain)
        self.write_frame(packet)
        return message.msg_id

    def write_frame(self, packet: bytes) -> None:
        self.writer.write(len(packet).to_bytes(4, "little") + packet)

    def send(self, body: Any, *, content: bool = True) -> int:
        return self.write(self.message(body, content=content))

    def container(self, messages: list[Message]) -> Message:
        inner = b"".join(
            struct.pack("<qii", m.msg_id, m.seqno, len(m.body)) + m.body for m in messages
        )
        head = struct.pack("<Ii", MSG_CONTAINER, len(messages))
        return self.message(head + inner, content=False)

    # ---- reading

    async def frame(self) -> bytes:
        (size,) = struct.unpack("<i", await self.reader.readexactly(4))
        return await self.reader.readexactly(size)

    async def packet(self) -> Message:
        """The next message as it came; raises TransportError and IncompleteReadError."""
        data = await self.frame()
        if len(data) == 4:
            raise TransportError(struct.unpack("<i", data)[0])
        plain = open_as_client(self.key.key, data)
        _, session_id, msg_id, seqno, size = struct.unpack_from("<qqqii", plain)
        assert session_id == self.session_id
        return Message(msg_id, seqno, plain[32 : 32 + size])

    async def next(self, *kinds: type) -> tuple[Message, Any]:
        """The next message, or the next of these types; others are passed over."""
        while True:
            if not self.inbox:
                self.inbox = flatten(await self.packet())
            message = self.inbox.pop(0)
            body = message.body
            if int.from_bytes(body[:4], "little") == GZIP_PACKED:
                body = unpack(body)
            found = read(body)
            if not kinds or isinstance(found, kinds):
                return message, found

    async def result(self, msg_id: int) -> Any:
        """The answer to a request: its result, or a types.RpcError."""
        while True:
            _, found = await self.next(RpcResult)
            if found.req_msg_id == msg_id:
                return opened(found)

    async def call(self, request: Any) -> Any:
        return await self.result(self.send(request))

    async def log_in(self, token: str) -> Any:
        return await self.call(functions.auth.ImportBotAuthorizationRequest(0, 1, "hash", token))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def opened(result: RpcResult) -> Any:
    """The object inside an rpc_result."""
    if result.error is not None:
        return result.error
    return BinaryReader(result.body).tgread_object()


@contextlib.asynccontextmanager
async def raw_client(
    cluster: Cluster, dc: int, *, key: AuthKey | None = None, media: bool = False
) -> AsyncIterator[RawClient]:
    """Connect to a data centre, with a fresh key unless one is given."""
    address = cluster.address(dc, media=media)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"\xee" * 4)
    client = RawClient(reader, writer, key or new_key(cluster, dc))
    try:
        yield client
    finally:
        await client.close()
