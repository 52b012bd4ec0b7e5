"""The usual server on Telethon: `iter_download`, one request after the other.

Helped where it can be: cryptg (Telethon takes it by itself), intermediate framing instead of its
default with a checksum, the direct iterator at every offset. `--chunk` above 512 KiB, where
iter_download stops, uses the iterator behind it with that size.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from telethon import TelegramClient, events
from telethon.client.downloads import MAX_CHUNK_SIZE, _DirectDownloadIter
from telethon.crypto import rsa
from telethon.network import ConnectionTcpIntermediate
from telethon.sessions import StringSession
from telethon.tl import functions, types

from bench.baselines.site import Library, Options, serve

# In chunks, and far more than a file has. iter_download takes its slower way unless the offset in
# bytes is a multiple of this; offsets here are multiples of 512 KiB.
_NO_LIMIT = 1 << 19


class TelethonLibrary:
    """A Telethon client."""

    def __init__(self, client: Any, chunk: int) -> None:
        self._client = client
        self.chunk = chunk

    async def find(self, message: int) -> tuple[Any, int]:
        """See Library."""
        # In private chats messages are found by their number alone.
        ids = [types.InputMessageID(message)]
        found = await self._client(functions.messages.GetMessagesRequest(ids))
        document = found.messages[0].media.document
        return document, document.size

    def stream(self, file: Any, offset: int) -> AsyncIterator[bytes]:
        """See Library."""
        if self.chunk <= MAX_CHUNK_SIZE:
            stream: AsyncIterator[bytes] = self._client.iter_download(
                file, offset=offset, request_size=self.chunk, limit=_NO_LIMIT
            )
            return stream
        location = types.InputDocumentFileLocation(
            file.id, file.access_hash, file.file_reference, ""
        )
        large: AsyncIterator[bytes] = _DirectDownloadIter(
            self._client,
            None,
            file=location,
            dc_id=file.dc_id,
            offset=offset,
            stride=self.chunk,
            chunk_size=self.chunk,
            request_size=self.chunk,
            file_size=file.size,
            msg_data=None,
        )
        return large


@asynccontextmanager
async def connected(options: Options) -> AsyncIterator[Library]:
    """The bot, logged in and answering files with links."""
    servers = options.servers
    for key in servers["public_keys"]:
        rsa.add_key(key, old=False)
    session = StringSession()
    home = next(dc for dc in servers["dcs"] if dc["id"] == servers["home_dc"])
    session.set_dc(home["id"], home["host"], home["port"])
    client = TelegramClient(session, 1, "hash", connection=ConnectionTcpIntermediate)

    @client.on(events.NewMessage(incoming=True))  # type: ignore[untyped-decorator]  # no types there
    async def received(event: Any) -> None:
        if event.file:
            await event.respond(options.answer(event.id, event.file.name))

    await client.start(bot_token=options.token)
    try:
        yield TelethonLibrary(client, options.chunk)
    finally:
        await client.disconnect()


if __name__ == "__main__":
    given = Options.read()
    serve(given, partial(connected, given))
