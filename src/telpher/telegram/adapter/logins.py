"""Logins for file traffic: which key a media connection to a data centre uses, and its rights.

Telegram allows several connections with one key to `media_only` addresses; elsewhere it destroys
a key that is seen twice (telegram.md, "Connections"). Hence, for an account at home in DC 2:

    home, media address        the account's own key
    home, no media address     a key for each connection, logged in with the bot's token
    elsewhere, media address   a key of its own, with the authorisation exported from home
    elsewhere, without         the same for each connection

Keys are kept in the session, so a second start logs in nowhere and imports nowhere again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

import structlog
from telethon.tl.functions.auth import (
    ExportAuthorizationRequest,
    ImportAuthorizationRequest,
)
from telethon.tl.functions.help import GetConfigRequest

from telpher.errors import (
    AuthorisationLostError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.connector import FileConnector
from telpher.telegram.adapter.identity import Identity
from telpher.telegram.adapter.media import FileConnection
from telpher.telegram.adapter.network import introduced
from telpher.telegram.media import MediaConnection
from telpher.telegram.servers import DcAddress
from telpher.telegram.timing import Sleep

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# How often an authorisation is exported when its bytes are refused (telegram.md).
MOST_EXPORTS = 3


class Home(Protocol):
    """What the logins need of the account itself."""

    async def call(self, request: Any) -> Any:
        """Sends a request on the main connection. Raises TelegramError."""
        ...

    def session_changed(self) -> None:
        """The session should be saved soon."""
        ...

    def login_lost(self) -> None:
        """The account's own key turned out not to be logged in any more."""
        ...


class MediaLogins:
    """The MediaConnector of one account."""

    def __init__(
        self,
        identity: Identity,
        home: Home,
        connector: FileConnector,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._identity = identity
        self._home = home
        self._connector = connector
        self._sleep = sleep
        self._session = identity.session
        self._directory = identity.directory
        self._timing = identity.timing
        self._exporting = asyncio.Lock()

    async def open(self, dc: int, slot: int) -> MediaConnection:
        """See MediaConnector."""
        address = self._directory.media_address(dc)
        if address is None or self._session.key is None:
            raise TelegramUnavailableError(f"data centre {dc} cannot be reached yet")
        if self._uses_main_key(address):
            return await self._open_with_main_key(address, self._session.key)
        slot = _login(address, slot)
        key = self._session.media_key(dc, slot)
        if key is not None:
            try:
                return await self._open_again(address, key)
            except AuthorisationLostError:
                _log.info("a media login is no longer known; making a new one", dc=dc)
                self.forget(dc, slot)
        return await self._open_anew(address, slot)

    def forget(self, dc: int, slot: int) -> None:
        """See MediaConnector."""
        address = self._directory.media_address(dc)
        if address is None:
            return
        if self._uses_main_key(address):
            self._home.login_lost()
        else:
            self._session.keep_media_key(dc, None, _login(address, slot))
            self._home.session_changed()

    def _uses_main_key(self, address: DcAddress) -> bool:
        return address.media_only and address.id == self._session.dc_id

    async def _open_with_main_key(self, address: DcAddress, key: bytes) -> MediaConnection:
        try:
            return await self._open_again(address, key)
        except AuthorisationLostError as error:
            self._home.login_lost()
            raise TelegramUnavailableError("the account is being logged in again") from error

    async def _open_again(self, address: DcAddress, key: bytes) -> MediaConnection:
        """A connection with a key that is logged in already."""
        opened = await self._connector.open(address, key)
        return await self._ready(opened, self._introduce(opened, GetConfigRequest()))

    async def _open_anew(self, address: DcAddress, slot: int) -> MediaConnection:
        """A connection with a new key, which is then logged in and kept."""
        key = await self._connector.make_key(address)
        opened = await self._connector.open(address, key)
        ready = await self._ready(opened, self._authorise(opened, address.id))
        self._session.keep_media_key(address.id, key, slot)
        self._home.session_changed()
        _log.info("logged in for file traffic", dc=address.id, login=slot)
        return ready

    async def _ready(
        self, opened: FileConnection, greeting: Coroutine[Any, Any, None]
    ) -> MediaConnection:
        """The connection after `greeting`; closed when that fails or is cancelled."""
        done = False
        try:
            await greeting
            done = True
        finally:
            if not done:
                await opened.close()
        return opened

    async def _authorise(self, opened: FileConnection, dc: int) -> None:
        try:
            if dc == self._session.dc_id:
                await self._introduce(opened, self._identity.credentials.login())
            else:
                await self._import(opened, dc)
        except AuthorisationLostError as error:
            # Of the main connection, which sees to it by itself, or of a key just made.
            raise TelegramUnavailableError(f"no login for data centre {dc} now") from error

    async def _import(self, opened: FileConnection, dc: int) -> None:
        """One export at a time per account: Telegram answers parallel ones with flood waits."""
        async with self._exporting:
            for attempt in range(1, MOST_EXPORTS + 1):
                if await self._hand_over(opened, dc, last=attempt == MOST_EXPORTS):
                    return
                await self._sleep(self._timing.export_again)

    async def _hand_over(self, opened: FileConnection, dc: int, *, last: bool) -> bool:
        """Takes an authorisation from home to `opened`; False when its bytes were refused.

        At the `last` attempt that is raised like any other error.
        """
        exported = await self._home.call(ExportAuthorizationRequest(dc))
        query = ImportAuthorizationRequest(id=exported.id, bytes=exported.bytes)
        try:
            await self._introduce(opened, query)
        except RequestRejectedError as error:
            if error.name != "AUTH_BYTES_INVALID" or last:
                raise
            return False
        return True

    async def _introduce(self, opened: FileConnection, query: Any) -> None:
        request = introduced(self._identity.credentials.api_id, query, updates=False)
        await opened.call(request)


def _login(address: DcAddress, slot: int) -> int:
    """Which login connection number `slot` uses: one is enough where its key may be shared."""
    return 0 if address.media_only else slot
