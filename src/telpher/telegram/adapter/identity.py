"""What every connection of one account needs to know: who it is, and where Telegram is."""

from __future__ import annotations

from dataclasses import dataclass

from telethon.tl.functions.auth import ImportBotAuthorizationRequest

from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.servers import Directory
from telpher.telegram.timing import Timing


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What an account logs in with. Never printed."""

    api_id: int
    api_hash: str
    bot_token: str

    @property
    def bot_id(self) -> int:
        """The bot's user id, which every token starts with; 0 when this one does not."""
        head = self.bot_token.partition(":")[0]
        return int(head) if head.isdecimal() else 0

    def login(self) -> ImportBotAuthorizationRequest:
        """The request that logs a key in with the bot's token."""
        return ImportBotAuthorizationRequest(
            flags=0,
            api_id=self.api_id,
            api_hash=self.api_hash,
            bot_auth_token=self.bot_token,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """One account: its credentials, its session, the servers it goes by, the waits it keeps."""

    credentials: Credentials
    session: AccountSession
    directory: Directory
    timing: Timing
