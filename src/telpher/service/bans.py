"""Who may be banned, and what is said of it (rule 31). `People` bans."""

from __future__ import annotations

from enum import Enum

import structlog

from telpher.service.people import Access, People

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Outcome(Enum):
    """What became of a ban or a pardon."""

    DONE = "done"
    UNSEEN = "unseen"
    """Done, for somebody who has never talked to the bot."""
    ADMIN = "admin"
    """Nothing was done: whoever is in ADMINS cannot be banned."""


class Bans:
    """See the module."""

    def __init__(self, people: People, access: Access) -> None:
        self._people = people
        self._access = access

    async def set_banned(self, user_id: int, banned: bool, by: int) -> Outcome:
        """Bans or pardons; `by` is for the log. Raises StorageError, then nothing is changed."""
        if banned and self._access.is_admin(user_id):
            return Outcome.ADMIN
        known = await self._people.set_banned(user_id, banned)
        _log.info("banned" if banned else "pardoned", user_id=user_id, by=by)
        return Outcome.DONE if known else Outcome.UNSEEN
