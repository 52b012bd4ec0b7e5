"""One bot's account: a connection that it keeps up by itself, its logins, and what they are for.

Its gateways: `bot`, `answers`, `chats`, `posts`, and `copier` (CopyGateway). `answers` is `bot` for
whatever answers an update: it says something only while updates are this instance's to answer.

`run` supervises everything in one task group:

    supervise     the main connection, again and again with back-off
    dispatcher    updates, each to the listener in a task of its own
    upkeep        what is kept of the session and of updates, and whether they are still ours
    noting        what a crash may cost at most
    logins        those elsewhere that no file has asked for yet

A refused token ends the attempts: the account is dead until somebody changes the setting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from telpher.core.model import FoundFile, MessageRef
from telpher.errors import (
    AccountDeadError,
    AuthorisationLostError,
    FloodWaitError,
    KeyDuplicatedError,
    MigrateError,
    OffDutyError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.adapter.chats import Chats
from telpher.telegram.adapter.client import MainConnection
from telpher.telegram.adapter.connector import FileConnector
from telpher.telegram.adapter.convert import incoming as converted
from telpher.telegram.adapter.copier import Copier
from telpher.telegram.adapter.finder import find_file
from telpher.telegram.adapter.identity import Credentials, Identity
from telpher.telegram.adapter.logins import MediaLogins
from telpher.telegram.adapter.messenger import Messenger
from telpher.telegram.adapter.network import require_fast_crypto, trust_keys
from telpher.telegram.adapter.pictures import PictureReader
from telpher.telegram.adapter.posts import Posts
from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.adapter.upkeep import Upkeep
from telpher.telegram.custody.base import Vault
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.flood import Outbox
from telpher.telegram.gateway import (
    AccountState,
    AccountStatus,
    Incoming,
    Listener,
)
from telpher.telegram.media import MediaConnector
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.servers import TELEGRAM, Directory, Servers
from telpher.telegram.timing import Backoff, Timing

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """What metrics tell of an account: main connections made, flood waits of messages and updates
    dropped since the start; updates that wait now."""

    connects: int
    floods: int
    updates_dropped: int
    updates_waiting: int


class BotAccount:
    """See the module. Raises SettingsError where it cannot work at all."""

    def __init__(
        self,
        credentials: Credentials,
        vault: Vault,
        servers: Servers = TELEGRAM,
        timing: Timing | None = None,
        *,
        hears: bool = True,
        frames: Frames | None = None,
    ) -> None:
        require_fast_crypto()
        trust_keys(servers.public_keys)
        self._timing = timing or Timing()
        session = AccountSession()
        session.set_dc(servers.home_dc, None, None)
        self._session = session
        self._identity = Identity(credentials, session, Directory(servers), self._timing)
        name = f"bot{credentials.bot_id}"
        self._upkeep = Upkeep(name, vault, session, self._timing, hears=hears)
        self._state = AccountState.STARTING
        self._reason = "The connection to Telegram is being made."
        self._turned = asyncio.Event()
        self._main: MainConnection | None = None
        self._opening: MainConnection | None = None
        self._at_once = False
        self._deaf = False
        self._destroyed = False
        self._connects = 0
        self._dispatcher = Dispatcher()
        self._connector = FileConnector(vault.clock, self._timing, frames)
        self._logins = MediaLogins(self._identity, self, self._connector)
        outbox, asking = Outbox(vault.clock, self._timing), Outbox(vault.clock, self._timing)
        self._outboxes = (outbox, asking)
        reader = PictureReader(self.find_file, self._logins, self._timing)
        local = servers.local_urls
        self.bot = Messenger(self.call, outbox, session, reader, local_urls=local)
        self.answers = Messenger(self._answer, outbox, session, reader, local_urls=local)
        self.chats = Chats(self.call, asking, session, self.user_id)
        self.posts = Posts(self.call, outbox, session)
        self.copier = Copier(self.call, outbox, session, self.find_file)

    @property
    def user_id(self) -> int:
        """The bot's own id; also the `account` of the locations it finds."""
        return self._identity.credentials.bot_id

    @property
    def received(self) -> int:
        """Bytes that came over connections for file traffic since the process began."""
        return self._connector.traffic.received

    @property
    def connector(self) -> MediaConnector:
        """Opens connections for file traffic."""
        return self._logins

    def status(self) -> AccountStatus:
        """Where the account stands."""
        reason = "" if self._state is AccountState.CONNECTED else self._reason
        username, name = self._session.username, self._session.name
        return AccountStatus(self._state, username, reason, name=name, user_id=self.user_id)

    def counts(self) -> AccountCounts:
        """What has happened so far."""
        return AccountCounts(
            self._connects,
            sum(each.floods for each in self._outboxes),
            self._dispatcher.dropped,
            self._dispatcher.waiting,
        )

    async def until(self, wanted: Callable[[AccountStatus], bool]) -> AccountStatus:
        """Waits for a status that `wanted` accepts, and returns it."""
        while not wanted(self.status()):
            await self._turned.wait()
        return self.status()

    async def reached(self, state: AccountState) -> AccountStatus:
        """Waits until the account is in `state`."""
        return await self.until(lambda status: status.state is state)

    async def run(self, listener: Listener) -> None:
        """Keeps the account connected until cancelled, and hands updates to `listener` as long as
        they are this instance's to handle."""
        try:
            async with asyncio.TaskGroup() as group:
                heed = partial(self._heed, listener)
                group.create_task(self._dispatcher.run(heed), name="updates")
                group.create_task(self._upkeep.run(self._keys_lost, self._renew), name="upkeep")
                group.create_task(self._keep_noting(), name="noting")
                group.create_task(self._prepare_logins(), name="logins")
                await self._supervise()
        finally:
            if self._state is not AccountState.DEAD:
                self._turn(AccountState.STOPPED, "telpher has been stopped.")
            await self._upkeep.end(self._dispatcher)
            self._connector.close()

    async def hand_over(self) -> None:
        """Handles no more updates: what has come is finished, then another instance's turn begins.

        Everything else goes on as before.
        """
        self._deaf = True
        state = self._main.state() if self._main else None
        await self._upkeep.hand_over(state, self._dispatcher)

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

    async def _answer(self, request: Any) -> Any:
        """The same for what answers an update. Raises OffDutyError, too."""
        if not await self._upkeep.on_duty():
            raise OffDutyError("another instance answers people")
        return await self.call(request)

    async def _heed(self, listener: Listener, incoming: Incoming) -> None:
        """Lets the listener have what is this instance's to answer."""
        if await self._upkeep.on_duty():
            await listener(incoming)

    def session_changed(self) -> None:
        """Has the session saved soon."""
        self._upkeep.changed()

    def login_lost(self) -> None:
        """Has the main connection made again, which finds the login gone and renews it."""
        if self._main is not None:
            self._main.give_up()

    async def _keys_lost(self) -> None:
        """Closes all that was opened with keys that may be somebody else's soon."""
        self._renew()
        await self._connector.give_up()

    def _renew(self) -> None:
        """Has the main connection made again at once."""
        self._at_once = True
        for each in (self._main, self._opening):
            if each is not None:
                each.give_up()

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
                if self._at_once:
                    self._at_once = False
                    continue
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
                elif self._at_once:
                    pause = 0.0  # it was given up while it was made
                again = pause == 0.0
            self._turn(self._state, reason)
            _log.warning("not connected to Telegram", reason=reason, again_in=pause)
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        """Before the next attempt; ends early when another instance gives a session back that saves
        the login which Telegram holds up."""
        while seconds > 0:
            step = min(seconds, self._timing.backoff_most)
            await asyncio.sleep(step)
            seconds -= step
            if seconds > 0 and await self._upkeep.found(self._identity.directory):
                return

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
        await self._upkeep.ready(self._identity.directory)
        hears, begin_from = self._upkeep.role()
        main = MainConnection(self._identity, hears=hears, begin_from=begin_from)
        self._opening, self._at_once = main, False
        try:
            await main.open()
            if not self._destroyed:
                backoff.reset()
            self._destroyed = False
            self._main = main
            self._connects += 1
            self._turn(AccountState.CONNECTED, "")
            # At once: what is sent from now on is answered even if this process is killed.
            await self._note()
            _log.info("connected to Telegram", bot=self._session.username)
            await main.run(self._on_update)
        finally:
            self._main = self._opening = None
            if self._state is AccountState.CONNECTED:
                self._turn(AccountState.RECONNECTING, "The connection to Telegram was lost.")
            self._heard(main)
            await main.close()

    def _on_update(self, update: Any, entities: dict[int, Any]) -> None:
        if self._deaf:
            return
        found = converted(update, entities, self.user_id, self._session.username)
        if found is not None:
            self._dispatcher.offer(found)

    def _turn(self, state: AccountState, reason: str) -> None:
        self._state, self._reason = state, reason
        self._turned.set()
        self._turned = asyncio.Event()

    def _require_life(self) -> None:
        if self._state is AccountState.DEAD:
            raise AccountDeadError(self._reason)

    async def _prepare_logins(self) -> None:
        """Once. What fails is made when a file asks for it."""
        await self.reached(AccountState.CONNECTED)
        if self._timing.logins_after is None:
            return
        await asyncio.sleep(self._timing.logins_after)
        try:
            await self._logins.prepare()
        except TelegramError as error:
            _log.info("not all logins elsewhere could be made yet", problem=str(error))
        else:
            await self._upkeep.save(self._dispatcher)
            _log.info("logged in to every data centre", bot=self._session.username)

    # How far updates have come.

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(self._timing.save_every)
            await self._note()

    async def _note(self) -> None:
        if self._main is not None:
            self._heard(self._main)
        await self._upkeep.save(self._dispatcher)

    def _heard(self, main: MainConnection) -> None:
        if not self._deaf:
            self._upkeep.heard(main.state(), self._dispatcher)
