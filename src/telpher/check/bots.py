"""Telegram: each bot's login, the clock beside Telegram's, and what the bots may do in channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from telpher.check import channels
from telpher.check.channels import Judge
from telpher.check.database import DatabaseLook
from telpher.check.explain import Explain
from telpher.check.report import Finding, failed, ok, warning
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core import display
from telpher.errors import (
    AccountDeadError,
    FloodWaitError,
    NotFoundError,
    RequestRejectedError,
    TelegramError,
)
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.adapter.visit import Visit
from telpher.telegram.custody.base import Vault
from telpher.telegram.custody.disk import SealedFiles, instance_id
from telpher.telegram.custody.seal import Seal
from telpher.telegram.servers import servers_of
from telpher.telegram.timing import Timing

# Seconds for one bot: a connection, a key, a login, and a few questions take some round trips; a
# network that swallows everything is told from a slow one after two attempts to connect.
LONGEST: Final = 30.0

# Seconds by which the clock may be off. From a few on links expire and statistics are kept at the
# wrong time. Messages from 30 s in the future are refused, and those from 300 s in the past
# (core.telegram.org/mtproto/description).
_NOTICED: Final = 5.0
_TOO_FAR_AHEAD: Final = 30.0
_TOO_FAR_BEHIND: Final = 300.0

# A question that must wait for a flood to pass is given up: somebody looks at the screen.
_TIMING: Final = Timing(send_patience=10.0)

_ASK_BOTFATHER: Final = "Copy the whole token from @BotFather; /revoke there makes a new one."
_NETWORK: Final = (
    "See whether this machine reaches the internet and may open connections to Telegram "
    "(149.154.160.0/20 and 91.108.0.0/16, port 443)."
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A channel to look at."""

    setting: str
    named: int | str
    judge: Judge


@dataclass(frozen=True, slots=True)
class _Bot:
    """One of the bots, and the channels that it needs; `setting` has its token."""

    setting: str
    credentials: Credentials
    channels: Sequence[_Wanted]

    @property
    def main(self) -> bool:
        """Whether people talk to it."""
        return self.setting == "BOT_TOKEN"

    @property
    def name(self) -> str:
        """What its line begins with."""
        return "bot" if self.main else f"bot {self.credentials.bot_id}"

    def line_of(self, channel: _Wanted) -> str:
        """What the line of a channel begins with."""
        return channel.setting if self.main else f"{channel.setting} of {self.name}"


class BotsLook:
    """All bots of the settings, one after the other. `folder` is where the visitor keeps what is
    its own; nobody else uses it meanwhile."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        database: DatabaseLook,
        clock: Clock,
        explain: Explain,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._database = database
        self._clock = clock
        self._explain = explain

    async def look(self) -> list[Finding]:
        """A line for each bot, for the clock, and for each channel that a bot needs."""
        vault = Vault(
            await self._database.keeping(),
            Seal(_text(self._settings.api_hash)),
            SealedFiles(self._folder / "sessions"),
            instance_id(self._folder),
            self._clock,
        )
        return [line for bot in self._bots() for line in await self._visit(bot, vault)]

    def _bots(self) -> list[_Bot]:
        settings = self._settings
        api_id, api_hash = settings.api_id or 0, _text(settings.api_hash)

        def bot(setting: str, token: SecretStr | None, wanted: Sequence[_Wanted]) -> _Bot:
            return _Bot(setting, Credentials(api_id, api_hash, _text(token)), wanted)

        copies = _wanted("BIN_CHANNEL", settings.bin_channel, channels.bin_channel_of_extra)
        extras = [bot("EXTRA_BOT_TOKENS", each, copies) for each in settings.extra_bot_tokens]
        own = (
            *_wanted("LOG_CHANNEL", settings.log_channel, channels.log_channel),
            *_wanted("BIN_CHANNEL", settings.bin_channel, channels.bin_channel),
            *_wanted("FORCE_SUB_CHANNEL", settings.force_sub_channel, channels.force_sub_channel),
        )
        return [bot("BOT_TOKEN", settings.bot_token, own), *extras]

    async def _visit(self, bot: _Bot, vault: Vault) -> list[Finding]:
        """What one bot finds; a line for each of its channels, also when it cannot log in."""
        servers = servers_of(self._settings.telegram_servers)
        async with contextlib.AsyncExitStack() as stay:
            try:
                async with asyncio.timeout(LONGEST):
                    visit = Visit(bot.credentials, vault, servers, _TIMING)
                    await stay.enter_async_context(visit)
            except (TelegramError, TimeoutError) as error:
                later = [_not_looked_at(bot.line_of(each)) for each in bot.channels]
                return [self._refused(bot, error), *later]
            told = [ok(bot.name, f"@{visit.username} is logged in.")]
            if bot.main:
                told.append(await self._time(visit))
            return [*told, *[await self._channel(visit, bot, each) for each in bot.channels]]

    async def _time(self, visit: Visit) -> Finding:
        try:
            return clock_judged(await visit.ahead())
        except TelegramError as error:
            return _unanswered("clock", error)

    async def _channel(self, visit: Visit, bot: _Bot, channel: _Wanted) -> Finding:
        name, called = bot.line_of(channel), f"@{visit.username}"
        try:
            standing = await visit.chats.standing(channel.named)
        except NotFoundError:
            return channels.unknown(name, called, channel.named)
        except TelegramError as error:
            return _unanswered(name, error)
        return channel.judge(name, called, standing)

    def _refused(self, bot: _Bot, error: TelegramError | TimeoutError) -> Finding:
        match error:
            case AccountDeadError():
                found, remedy = f"{error} ({bot.setting}).", _ASK_BOTFATHER
            case FloodWaitError():
                wait = display.duration(error.seconds)
                found = f"Telegram lets this bot log in again in {wait}: there were many logins."
                remedy = "Wait; each further attempt may make it longer."
            case RequestRejectedError(name="API_ID_INVALID" | "API_ID_PUBLISHED_FLOOD"):
                found = f"Telegram refused API_ID and API_HASH: {error}."
                remedy = "Copy both from https://my.telegram.org, API development tools."
            case TimeoutError():
                found, remedy = f"no answer from Telegram within {LONGEST:.0f} s.", _NETWORK
            case _:
                found, remedy = f"not logged in: {error}.", self._explain(error, _NETWORK)
        return failed(bot.name, found, remedy)


def clock_judged(ahead: float) -> Finding:
    """What so many seconds ahead of Telegram (negative: behind) mean."""
    seconds = abs(ahead)
    if seconds < _NOTICED:
        return ok("clock", "as Telegram's, to a few seconds.")
    found = f"{seconds:.0f} s {'ahead of' if ahead > 0 else 'behind'} Telegram's"
    remedy = "Have the machine's clock set by NTP, for example: timedatectl set-ntp true"
    if ahead > _TOO_FAR_AHEAD or -ahead > _TOO_FAR_BEHIND:
        return failed("clock", f"{found}: too far for messages to be accepted as they are.", remedy)
    return warning("clock", f"{found}.", remedy)


def _wanted(setting: str, named: int | str | None, judge: Judge) -> list[_Wanted]:
    return [] if named is None else [_Wanted(setting, named, judge)]


def _not_looked_at(name: str) -> Finding:
    return warning(name, "not looked at: that bot is not logged in.")


def _unanswered(name: str, error: TelegramError) -> Finding:
    return warning(name, f"could not be found out: {error}.", "Try again in a minute.")


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
