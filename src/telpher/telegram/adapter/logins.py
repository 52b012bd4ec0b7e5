"""Logins for file traffic: which key a media connection to a data centre uses, and its rights.

Telegram allows several connections with one key to `media_only` addresses, and elsewhere as many as
it has told the account (`tmp_sessions`, mostly one); it destroys a key that is seen more often
(telegram.md, "Connections"). Hence, for an account at home in DC 2:

    home, media address        the account's own key
    home, no media address     a key for each `tmp_sessions` connections, logged in with the token
    elsewhere, media address   a key of its own, with the authorisation exported from home
    elsewhere, without         the same for each `tmp_sessions` connections

Keys are kept in the session, so a second start logs in nowhere and imports nowhere again. A login
elsewhere takes four round trips beyond that of the first chunk, as the export goes on beside the
key exchange, and the first chunk goes out with the import:

    home         export ────────────┐
    elsewhere    connect · req_pq · req_DH · set_client_DH · import + first chunk

A connection with a login that exists takes one: it introduces itself with its first chunk.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

import structlog
from telethon.tl.functions.auth import (
    ExportAuthorizationRequest,
    ImportAuthorizationRequest,
)

from telpher.errors import (
    AuthorisationLostError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.connector import FileConnector
from telpher.telegram.adapter.identity import Identity
from telpher.telegram.adapter.media import FileConnection
from telpher.telegram.adapter.network import introduction
from telpher.telegram.media import Early, MediaConnection
from telpher.telegram.servers import DcAddress
from telpher.telegram.timing import Sleep

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Result = TypeVar("_Result")

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
        self._introduction = introduction(identity.credentials.api_id)
        self._exporting = asyncio.Lock()
        # The key that each slot's connection has, and who makes one for a login: never two at once.
        self._used: dict[tuple[int, int], bytes] = {}
        self._making: defaultdict[tuple[int, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, dc: int, slot: int, early: Early | None = None) -> MediaConnection:
        """See MediaConnector."""
        address = self._directory.media_address(dc)
        if address is None or self._session.key is None:
            raise TelegramUnavailableError(f"data centre {dc} cannot be reached yet")
        if self._uses_main_key(address):
            key = self._session.key
        else:
            login = self._login(address, slot)
            async with self._making[dc, login]:
                kept = self._session.media_key(dc, login)
                if kept is None:
                    return await self._open_anew(address, slot, early)
            key = kept
        self._used[dc, slot] = key
        return await self._connector.open(address, key, self._introduction)

    def forget(self, dc: int, slot: int) -> None:
        """See MediaConnector. A newer login than the one used there stays."""
        key = self._used.pop((dc, slot), None)
        if key is not None and key == self._session.key:
            self._home.login_lost()
        elif key is not None and self._session.forget_media_key(key):
            self._home.session_changed()

    async def prepare(self) -> None:
        """Makes the first login of each data centre that has none, one after the other.

        For files that people send come from all of them, and the first one's viewer, or one whose
        file moves, should not wait for it. Raises TelegramError.
        """
        for dc in self._directory.data_centres():
            address = self._directory.media_address(dc)
            if address is None or self._uses_main_key(address):
                continue
            async with self._making[dc, 0]:
                if self._session.media_key(dc, 0) is None:
                    await (await self._open_anew(address, 0)).close()

    def _uses_main_key(self, address: DcAddress) -> bool:
        return address.media_only and address.id == self._session.dc_id

    def _login(self, address: DcAddress, slot: int) -> int:
        """Which login connection number `slot` uses."""
        return 0 if address.media_only else slot // self._session.tmp_sessions

    async def _open_anew(
        self, address: DcAddress, slot: int, early: Early | None = None
    ) -> MediaConnection:
        """A connection with a new key, logged in and kept."""
        key, opened, query = await self._prepared(address)
        self._used[address.id, slot] = key
        failure: TelegramError | None = TelegramUnavailableError("the login was given up")
        try:
            await self._authorise(opened, address.id, query, early)
            failure = None
        except TelegramError as error:
            failure = error
            raise
        finally:
            opened.settle(failure)
            if failure is not None:
                await opened.close()
        login = self._login(address, slot)
        self._session.keep_media_key(address.id, key, login)
        self._home.session_changed()
        _log.info("logged in for file traffic", dc=address.id, login=login)
        return opened

    async def _prepared(self, address: DcAddress) -> tuple[bytes, FileConnection, Any]:
        """A new key, the connection with it, and the request that logs it in."""
        async with asyncio.TaskGroup() as tasks:
            query = tasks.create_task(_outcome(self._query(address.id)), name="authorisation")
            made = await _outcome(self._connector.open_anew(address, self._introduction))
            if isinstance(made, TelegramError):
                query.cancel()
        if isinstance(made, TelegramError):
            raise made
        key, opened = made
        found = query.result()
        if isinstance(found, TelegramError):
            await opened.close()
            raise found
        return key, opened, found

    async def _query(self, dc: int) -> Any:
        """What logs a key in: the token at home, elsewhere an authorisation from home.

        One export at a time per account: Telegram answers parallel ones with flood waits.
        """
        if dc == self._session.dc_id:
            return self._identity.credentials.login()
        async with self._exporting:
            exported = await self._home.call(ExportAuthorizationRequest(dc))
        return ImportAuthorizationRequest(id=exported.id, bytes=exported.bytes)

    async def _authorise(
        self, opened: FileConnection, dc: int, query: Any, early: Early | None
    ) -> None:
        """Logs `opened` in with `query`, and with another one where its bytes are refused."""
        try:
            for left in reversed(range(MOST_EXPORTS)):
                if await _took(opened, query, early, may_refuse=left > 0):
                    return
                early = None  # it knows already
                await self._sleep(self._timing.export_again)
                query = await self._query(dc)
        except AuthorisationLostError as error:
            # Of the main connection, which sees to it by itself, or of a key just made.
            raise TelegramUnavailableError(f"no login for data centre {dc} now") from error


async def _took(
    opened: FileConnection, query: Any, early: Early | None, *, may_refuse: bool
) -> bool:
    """Logs `opened` in; False when the bytes of the query are refused, where that may be."""
    try:
        await opened.log_in(query, early)
    except RequestRejectedError as error:
        if error.name != "AUTH_BYTES_INVALID" or not may_refuse:
            raise
        return False
    return True


async def _outcome(work: Awaitable[_Result]) -> _Result | TelegramError:
    """What `work` came to, as a value: in a task group a raised one comes out in a group."""
    try:
        return await work
    except TelegramError as error:
        return error
