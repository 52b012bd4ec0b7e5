"""Bans that hold at once: for the bot, and for the links of whoever is banned (rule 31)."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import structlog

from telpher.errors import StorageError
from telpher.service.people import Access, People

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DeadLinks(Protocol):
    """Of Revocations the one thing needed here."""

    async def refresh(self) -> None: ...


class Outcome(Enum):
    """What became of a ban or a pardon."""

    DONE = "done"
    UNSEEN = "unseen"
    """Done, for somebody who has never talked to the bot."""
    ADMIN = "admin"
    """Nothing was done: whoever is in ADMINS cannot be banned."""


class Bans:
    """See the module."""

    def __init__(self, people: People, dead_links: DeadLinks, access: Access) -> None:
        self._people = people
        self._dead_links = dead_links
        self._access = access

    async def set_banned(self, user_id: int, banned: bool, by: int) -> Outcome:
        """Bans or pardons; `by` is for the log. Raises StorageError, then nothing is changed."""
        if banned and self._access.is_admin(user_id):
            return Outcome.ADMIN
        known = await self._people.set_banned(user_id, banned)
        _log.info("banned" if banned else "pardoned", user_id=user_id, by=by)
        try:
            await self._dead_links.refresh()
        except StorageError as error:
            # It is in the database, which every process asks again each second.
            _log.warning("a ban does not hold for links here yet", problem=str(error))
        return Outcome.DONE if known else Outcome.UNSEEN
