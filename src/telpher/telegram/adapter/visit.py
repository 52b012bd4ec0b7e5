"""A visit to Telegram as one bot: logged in beside whoever is at work, for a few questions.

It goes by the rules of `custody` like any other instance: a key that nobody else uses, kept where
the next visit finds it, so that looking again and again costs one login. It hears no updates, so
that none is taken from whoever handles them.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

from telethon.tl.functions.help import GetConfigRequest

from telpher.errors import AuthorisationLostError, KeyDuplicatedError, MigrateError
from telpher.telegram.adapter.chats import Chats
from telpher.telegram.adapter.client import MainConnection
from telpher.telegram.adapter.identity import Credentials, Identity
from telpher.telegram.adapter.network import require_fast_crypto, trust_keys
from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.adapter.upkeep import Upkeep
from telpher.telegram.custody.base import Vault
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.flood import Outbox
from telpher.telegram.servers import Directory, Servers
from telpher.telegram.timing import Timing

# To another data centre, and once more where that one does not know the key: each attempt but the
# last one ends in knowing better.
_MOST_ATTEMPTS: Final = 3


class Visit:
    """An asynchronous context manager. Entering raises what keeps the bot from logging in:
    AccountDeadError for a refused token, FloodWaitError, another TelegramError; or SettingsError
    where nothing can work at all."""

    def __init__(
        self, credentials: Credentials, vault: Vault, servers: Servers, timing: Timing
    ) -> None:
        require_fast_crypto()
        trust_keys(servers.public_keys)
        session = AccountSession()
        session.set_dc(servers.home_dc, None, None)
        self._session = session
        self._identity = Identity(credentials, session, Directory(servers), timing)
        name = f"bot{credentials.bot_id}"
        self._upkeep = Upkeep(name, vault, session, timing, hears=False)
        self._nothing_heard = Dispatcher()
        self._clock = vault.clock
        self._main: MainConnection | None = None
        questions = Outbox(vault.clock, timing)
        self.chats = Chats(self._call, questions, session, credentials.bot_id)

    async def __aenter__(self) -> Visit:
        try:
            await self._upkeep.ready(self._identity.directory)
            await self._enter()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave()

    @property
    def username(self) -> str:
        """The bot's, without @."""
        return self._session.username

    async def ahead(self) -> float:
        """Seconds by which this machine's clock is certainly ahead of Telegram's, negative where it
        is behind; 0 where nothing is certain. Raises TelegramError.

        Telegram told its time, in whole seconds, at some moment between question and answer.
        """
        asked = self._clock.now()
        config = await self._call(GetConfigRequest())
        answered = self._clock.now()
        told = float(config.date.timestamp())
        least, most = asked - (told + 1), answered - told
        return max(least, 0.0) or min(most, 0.0)

    async def _call(self, request: Any) -> Any:
        assert self._main is not None  # noqa: S101 - nobody asks before entering
        return await self._main.call(request)

    async def _enter(self) -> None:
        attempt = 1
        while self._main is None:
            main = MainConnection(self._identity, hears=False)
            try:
                await main.open()
                self._main = main
            except KeyDuplicatedError:
                raise
            except (AuthorisationLostError, MigrateError):
                if attempt == _MOST_ATTEMPTS:
                    raise
                attempt += 1
            finally:
                if self._main is None:
                    await main.close()
        await self._upkeep.save(self._nothing_heard)

    async def _leave(self) -> None:
        if self._main is not None:
            await self._main.close()
        await self._upkeep.end(self._nothing_heard)
