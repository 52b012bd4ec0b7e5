"""Connections to data centres: framing, keys of the servers, how telpher introduces itself."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Iterable
from typing import Any

from telethon.crypto import aes, rsa
from telethon.network import ConnectionTcpIntermediate
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions import (
    InitConnectionRequest,
    InvokeWithLayerRequest,
    InvokeWithoutUpdatesRequest,
)
from telethon.tl.functions.help import GetConfigRequest
from telethon.tl.types import DcOption

from telpher._version import VERSION
from telpher.errors import SettingsError
from telpher.telegram.servers import DcAddress

# What the stream takes in before reading pauses: above one packet of 1 MiB, or every packet costs
# several pauses.
_READ_AHEAD = 2 << 20


class Loggers(dict[str, logging.Logger]):
    """The library's loggers by module name, as its sender expects them."""

    def __missing__(self, name: str) -> logging.Logger:
        return logging.getLogger(name)


def require_fast_crypto() -> None:
    """Raises SettingsError when cryptg is missing: without it the library crawls at 9 MB/s."""
    if aes.cryptg is None:
        raise SettingsError(
            ["The package cryptg is missing, so decryption would be slow: pip install cryptg."]
        )


def trust_keys(public_keys: Iterable[str]) -> None:
    """Lets the library accept servers with these RSA keys. Raises SettingsError for no key.

    The library keeps them by fingerprint for the whole process, beside Telegram's own.
    """
    for pem in public_keys:
        try:
            rsa.add_key(pem, old=False)
        except (ValueError, TypeError) as error:
            raise SettingsError(
                ["TELEGRAM_SERVERS: each of public_keys must be an RSA key in PKCS#1 PEM."]
            ) from error


class Connection(ConnectionTcpIntermediate):  # type: ignore[misc] # the library has no types
    """A TCP connection with intermediate framing: the library's default adds a CRC (libraries.md).

    It is opened without the library's asyncio.wait_for, which can swallow a cancellation before
    Python 3.12; whoever connects sets the time-out.
    """

    reached = False
    """Whether there was a TCP connection."""

    async def _connect(self, timeout: object = None, ssl: object = None) -> None:  # noqa: ASYNC109
        self._reader, self._writer = await asyncio.open_connection(
            self._ip, self._port, limit=_READ_AHEAD
        )
        self.reached = True
        self._codec = self.packet_codec(self)
        self._init_conn()
        await self._writer.drain()


def connection(address: DcAddress) -> Connection:
    """A connection to `address`, not yet opened."""
    return Connection(address.host, address.port, address.id, loggers=Loggers())


def encrypt_for_server(fingerprint: int, data: bytes) -> bytes | None:
    """RSA as the key exchange has it, for the server key with a fingerprint; None without it."""
    encrypted: bytes | None = rsa.encrypt(fingerprint, data)
    return encrypted


class Unheard(InvokeWithoutUpdatesRequest):  # type: ignore[misc] # the library has no types
    """A request that does not make Telegram send updates to the connection it goes out on."""

    def read_result(self, reader: Any) -> Any:
        """What the request inside reads: the library's own wrapper reads objects only."""
        return self.query.read_result(reader)


def introduced(api_id: int, query: Any, *, updates: bool) -> Any:
    """`query` as the first request of a connection.

    `updates` False keeps this connection from getting the account's updates (telegram.md).
    """
    request = InitConnectionRequest(
        api_id=api_id,
        device_model="telpher",
        system_version=platform.system() or "unknown",
        app_version=VERSION,
        system_lang_code="en",
        lang_pack="",
        lang_code="en",
        query=query,
    )
    if not updates:
        request = InvokeWithoutUpdatesRequest(request)
    return InvokeWithLayerRequest(LAYER, request)


def introduction(api_id: int) -> bytes:
    """What stands before a serialised request of a connection without updates to introduce it."""
    query = GetConfigRequest()
    return bytes(introduced(api_id, query, updates=False)).removesuffix(bytes(query))


def addresses(options: Iterable[DcOption]) -> tuple[DcAddress, ...]:
    """The usable addresses of help.getConfig: plain TCP over IPv4, no CDN."""
    return tuple(
        DcAddress(each.id, each.ip_address, each.port, bool(each.media_only))
        for each in options
        if not (each.ipv6 or each.cdn or each.tcpo_only or each.secret)
    )
