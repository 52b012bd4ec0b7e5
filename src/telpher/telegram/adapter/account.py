"""One bot's account: a connection that it keeps up by itself, its logins, and what they are for.

Its gateways: `bot`, `chats`, `posts`, and `copier` (CopyGateway).

`run` supervises everything in one task group:

    supervise     the main connection, again and again with back-off
    dispatcher    updates, each to the listener in a task of its own
    keep session  what a crash may cost at most

A refused token ends the attempts: the account is dead until somebody changes the setting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from telpher.clock import Clock
from telpher.core.model import FoundFile, MessageRef
from telpher.errors import (
    AccountDeadError,
    AuthorisationLostError,
    FloodWaitError,
    KeyDuplicatedError,
    MigrateError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.chats import Chats
from telpher.telegram.adapter.client import MainConnection
from telpher.telegram.adapter.connector import FileConnector
from telpher.telegram.adapter.convert import incoming
from telpher.telegram.adapter.copier import Copier
from telpher.telegram.adapter.finder import find_file
from telpher.telegram.adapter.identity import Credentials, Identity
from telpher.telegram.adapter.logins import MediaLogins
from telpher.telegram.adapter.messenger import Messenger
from telpher.telegram.adapter.network import require_fast_crypto, trust_keys
from telpher.telegram.adapter.pictures import PictureReader
from telpher.telegram.adapter.posts import Posts
from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.flood import Outbox
from telpher.telegram.gateway import (
    AccountState,
    AccountStatus,
    Listener,
    SessionStore,
)
from telpher.telegram.media import MediaConnector
from telpher.telegram.servers import TELEGRAM, Directory, Servers
from telpher.telegram.timing import Backoff, Timing

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class BotAccount:
    """See the module. Raises SettingsError where it cannot work at all."""

    def __init__(
        self,
        credentials: Credentials,
        store: SessionStore,
        clock: Clock,
        servers: Servers = TELEGRAM,
        timing: Timing | None = None,
    ) -> None:
        require_fast_crypto()
        trust_keys(servers.public_keys)
        self._timing = timing or Timing()
        self._store = store
        self._name = f"bot{credentials.bot_id}"
        self._saved = 0
        self._unsaved = False
        session = AccountSession()
        session.set_dc(servers.home_dc, None, None)
        self._session = session
        self._identity = Identity(credentials, session, Directory(servers), self._timing)
        self._state = AccountState.STARTING
        self._reason = "The connection to Telegram is being made."
        self._turned = asyncio.Event()
        self._main: MainConnection | None = None
        self._destroyed = False
        self._dispatcher = Dispatcher()
        self._connector = FileConnector(clock, self._timing)
        self._logins = MediaLogins(self._identity, self, self._connector)
        outbox = Outbox(clock, self._timing)
        reader = PictureReader(self.find_file, self._logins, self._timing)
        self.bot = Messenger(self.call, outbox, session, reader)
        self.chats = Chats(self.call, Outbox(clock, self._timing), session, self.user_id)
        self.posts = Posts(self.call, outbox, session)
        self.copier = Copier(self.call, outbox, session, self.find_file)

    @property
    def user_id(self) -> int:
        """The bot's own id; also the `account` of the locations it finds."""
        return self._identity.credentials.bot_id

    @property
    def connector(self) -> MediaConnector:
        """Opens connections for file traffic."""
        return self._logins

    def status(self) -> AccountStatus:
        """Where the account stands."""
        reason = "" if self._state is AccountState.CONNECTED else self._reason
        username = self._session.username
        return AccountStatus(self._state, username, reason)

    async def until(self, wanted: Callable[[AccountStatus], bool]) -> AccountStatus:
        """Waits for a status that `wanted` accepts, and returns it."""
        while not wanted(self.status()):
            await self._turned.wait()
        return self.status()

    async def reached(self, state: AccountState) -> AccountStatus:
        """Waits until the account is in `state`."""
        return await self.until(lambda status: status.state is state)

    async def run(self, listener: Listener) -> None:
        """Keeps the account connected and hands updates to `listener`, until cancelled."""
        self._restore()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._dispatcher.run(listener), name="updates")
                group.create_task(self._keep_session(), name="session")
                await self._supervise()
        finally:
            if self._state is not AccountState.DEAD:
                self._turn(AccountState.STOPPED, "telpher has been stopped.")
            self._save()
            self._connector.close()

    async def find_file(self, ref: MessageRef) -> FoundFile:
        """Reads the message and returns its file as this account sees it.

        Raises NotFoundError for an unknown chat, a message without a file, or one that is gone;
        FloodWaitError, TelegramUnavailableError, ChunkTimeoutError for passing trouble.
        """
        return await find_file(ref, self.call, self._session, self.user_id)

    # What its parts need of it.

    async def call(self, request: Any) -> Any:
        """Sends a request on the main connection. Raises TelegramError."""
        self._require_life()
        if self._main is None:
            raise TelegramUnavailableError("not connected to Telegram")
        try:
            return await self._main.call(request)
        except AuthorisationLostError as error:
            self._note_destruction(error)
            self.login_lost()
            raise TelegramUnavailableError("the account is being logged in again") from error

    def session_changed(self) -> None:
        """Saves the session."""
        self._save()

    def login_lost(self) -> None:
        """Has the main connection made again, which finds the login gone and renews it."""
        if self._main is not None:
            self._main.give_up()

    # The main connection.

    async def _supervise(self) -> None:
        """Connects again and again; returns when the token is refused."""
        backoff = Backoff(self._timing.backoff_first, self._timing.backoff_most)
        again = False
        while True:
            try:
                await self._live(backoff)
                again = False
                pause, reason = backoff.next(), "The connection to Telegram was lost."
            except AccountDeadError as error:
                _log.error("the bot's token was refused", bot=self.user_id, problem=str(error))
                self._turn(AccountState.DEAD, f"{error}.")
                return
            except TelegramError as error:
                pause, reason = backoff.next(), f"Telegram cannot be reached: {error}."
                if isinstance(error, FloodWaitError):
                    pause = max(pause, error.seconds)
                elif self._note_destruction(error):
                    pass  # a new login, but not at once
                elif isinstance(error, AuthorisationLostError | MigrateError) and not again:
                    pause = 0.0  # the next attempt knows better: once, at once
                again = pause == 0.0
            self._turn(self._state, reason)
            _log.warning("not connected to Telegram", reason=reason, again_in=pause)
            await asyncio.sleep(pause)

    def _note_destruction(self, error: TelegramError) -> bool:
        """Raises the alarm where Telegram ended the login; logins anew keep growing distances."""
        if not isinstance(error, KeyDuplicatedError):
            return False
        self._destroyed = True
        _log.error(
            "Telegram saw a login twice at once and ended it", bot=self.user_id, problem=str(error)
        )
        return True

    async def _live(self, backoff: Backoff) -> None:
        """One main connection, from its opening to its end."""
        main = MainConnection(self._identity)
        try:
            await main.open()
            if not self._destroyed:
                backoff.reset()
            self._destroyed = False
            self._main = main
            self._turn(AccountState.CONNECTED, "")
            # At once: what is sent from now on is answered even if this process is killed.
            main.note_state()
            self._save()
            _log.info("connected to Telegram", bot=self._session.username)
            await main.run(self._on_update)
        finally:
            self._main = None
            if self._state is AccountState.CONNECTED:
                self._turn(AccountState.RECONNECTING, "The connection to Telegram was lost.")
            main.note_state()
            self._save()
            await main.close()

    def _on_update(self, update: Any, entities: dict[int, Any]) -> None:
        found = incoming(update, entities, self.user_id, self._session.username)
        if found is not None:
            self._dispatcher.offer(found)

    def _turn(self, state: AccountState, reason: str) -> None:
        self._state, self._reason = state, reason
        self._turned.set()
        self._turned = asyncio.Event()

    def _require_life(self) -> None:
        if self._state is AccountState.DEAD:
            raise AccountDeadError(self._reason)

    # The session.

    async def _keep_session(self) -> None:
        while True:
            await asyncio.sleep(self._timing.save_every)
            if self._main is not None:
                self._main.note_state()
            self._save()

    def _restore(self) -> None:
        saved = self._store.load(self._name)
        if saved is None:
            return
        try:
            self._session.restore(saved)
        except ValueError as error:
            _log.warning("the saved session is not one; logging in again", problem=str(error))
        directory = self._identity.directory
        directory.recall(self._session.home)
        if directory.main_address(self._session.dc_id) is None:
            # Of another network of servers: nothing of it holds in this one.
            self._session.move_home(directory.servers.home_dc)
        self._saved = self._session.revision

    def _save(self) -> None:
        """Saves what has changed. A disk that refuses costs a login later, no stream now."""
        if self._session.revision == self._saved or self._session.key is None:
            return
        try:
            self._store.save(self._name, self._session.dump())
        except OSError as error:
            if not self._unsaved:
                _log.error("the session could not be saved", problem=str(error))
            self._unsaved = True
            return
        self._unsaved = False
        self._saved = self._session.revision
