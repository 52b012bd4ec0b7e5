"""The usual server of the Pyrogram family: kurigram's `stream_media`, 1 MiB after 1 MiB.

Helped where it can be: AES by cryptg (300 MB/s) instead of TgCrypto 1.2.5 (140 MB/s), intermediate
framing, as many downloads at once as are asked for (its default is one).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from bench.baselines import cryptg_for_kurigram
from bench.baselines.site import Library, Options, serve

sys.modules["tgcrypto"] = cryptg_for_kurigram  # kurigram looks for it when imported

from pyrogram import Client  # noqa: E402
from pyrogram.connection import Connection  # noqa: E402
from pyrogram.connection.transport import TCPIntermediate  # noqa: E402
from pyrogram.crypto import rsa  # noqa: E402
from pyrogram.handlers import MessageHandler  # noqa: E402
from pyrogram.raw.functions.messages.get_messages import GetMessages  # noqa: E402
from pyrogram.raw.types.input_message_id import InputMessageID  # noqa: E402
from pyrogram.types import Message  # noqa: E402

from tgfake.keys import DC_KEYS  # noqa: E402

# Where kurigram begins; from then on it takes the addresses of help.getConfig.
_BUILT_IN = ("149.154.167.51", 443)
_EXPONENT = 65537
_AT_ONCE = 1000


class KurigramLibrary:
    """A kurigram client."""

    def __init__(self, client: Any, chunk: int) -> None:
        self._client = client
        self.chunk = chunk
        self._chats: dict[int, int] = {}

    async def find(self, message: int) -> tuple[Any, int]:
        """See Library."""
        # In private chats messages are found by their number alone.
        ids: list[Any] = [InputMessageID(id=message)]
        found = await self._client.invoke(GetMessages(id=ids))
        users = {user.id: user for user in found.users}
        parsed: Any = await Message._parse(self._client, found.messages[0], users, {})
        return parsed, parsed.video.file_size

    def stream(self, file: Any, offset: int) -> AsyncIterator[bytes]:
        """See Library."""
        pieces: AsyncIterator[bytes] = self._client.stream_media(file, offset=offset // self.chunk)
        return pieces


@asynccontextmanager
async def connected(options: Options) -> AsyncIterator[Library]:
    """The bot, logged in and answering files with links."""
    for key in DC_KEYS.values():
        rsa.server_public_keys[key.fingerprint] = rsa.PublicKey(key.n, _EXPONENT)
    servers = options.servers
    home = next(dc for dc in servers["dcs"] if dc["id"] == servers["home_dc"])

    class ToTheHomeDc(Connection):
        def __init__(self, *, server_address: str, port: int, **rest: Any) -> None:
            if (server_address, port) == _BUILT_IN:
                server_address, port = home["host"], home["port"]
            super().__init__(server_address=server_address, port=port, **rest)

    client = Client(
        "bot",
        api_id=1,
        api_hash="hash",
        bot_token=options.token,
        in_memory=True,
        connection_factory=ToTheHomeDc,
        protocol_factory=TCPIntermediate,
        max_concurrent_transmissions=_AT_ONCE,
    )

    async def received(_client: Client, message: Message) -> None:
        if message.video:
            await message.reply_text(options.answer(message.id, message.video.file_name))

    client.add_handler(MessageHandler(received))
    async with client:
        yield KurigramLibrary(client, options.chunk)


if __name__ == "__main__":
    given = Options.read()
    serve(given, partial(connected, given))
