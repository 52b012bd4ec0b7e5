"""Several bots as one MediaGateway.

The first account is the bot that people talk to; more of them are for bandwidth. A location is of
worth to the account that found it only, so a chunk goes where its location came from. Choosing
the account that is expected to finish first comes with the extra bots themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import TelegramUnavailableError
from telpher.telegram.gateway import AccountStatus, MediaGateway


class Account(MediaGateway, Protocol):
    """What is needed of each account."""

    @property
    def user_id(self) -> int:
        """The bot's id: the `account` of the locations it finds."""
        ...

    def status(self) -> AccountStatus:
        """Where it stands."""
        ...


class Accounts:
    """MediaGateway over one or more accounts, the main one first."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._main = accounts[0]
        self._by_id = {account.user_id: account for account in accounts}

    def status(self) -> AccountStatus:
        """Where the main account stands."""
        return self._main.status()

    async def find_file(self, ref: MessageRef) -> FoundFile:
        """See MediaGateway."""
        return await self._main.find_file(ref)

    async def get_chunk(self, location: Location, offset: int, limit: int) -> memoryview:
        """See MediaGateway. TelegramUnavailableError also for a location of an unknown account."""
        account = self._by_id.get(location.account)
        if account is None:
            raise TelegramUnavailableError(f"there is no account {location.account}")
        return await account.get_chunk(location, offset, limit)
