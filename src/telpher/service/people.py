"""The people who talk to the bot: who they are, who may do what, who is banned.

What an update shows of somebody is journalled and reaches the database when it can. Whether
somebody is banned is asked of the database and believed for a moment; while the database is away,
what was known last holds, and nobody waits.
"""

from __future__ import annotations

import contextlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from telpher.clock import Clock
from telpher.core.model import Person
from telpher.core.records import User
from telpher.core.tally import Event, PersonSeen
from telpher.errors import StorageError
from telpher.storage.base import UserStore

# Seconds for which an answer of the database is believed: a ban by another instance holds after.
BELIEVED: Final = 1.0

LARGEST_ID: Final = (1 << 53) - 1  # Telegram's ids fit into a float [/bots/api#user]

_ADDRESS: Final = re.compile(r"^(https?://)?(t|telegram)\.me/", re.IGNORECASE)

# People remembered, so that strangers cannot make the table grow.
MOST_KNOWN: Final = 10_000


Follow = Callable[[], Awaitable[None]]


class Notes(Protocol):
    """Where events are noted; neither waits nor fails."""

    def note(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """User ids (settings ADMINS, ALLOWED_USERS). With `allowed` empty everybody may make links;
    else only those in it and the admins."""

    admins: Collection[int] = frozenset()
    allowed: Collection[int] = frozenset()

    def is_admin(self, user_id: int) -> bool:
        return user_id in self.admins

    def may_make_links(self, user_id: int) -> bool:
        return not self.allowed or user_id in self.allowed or user_id in self.admins


class People:
    """See the module."""

    def __init__(
        self, users: UserStore, notes: Notes, clock: Clock, follow: Follow | None = None
    ) -> None:
        """`follow` has this process hear at once which links died or live again with a ban."""
        self._users = users
        self._notes = notes
        self._clock = clock
        self._follow = follow
        self._banned: OrderedDict[int, tuple[bool, float]] = OrderedDict()

    def seen(self, person: Person) -> None:
        """Somebody did something."""
        self._notes.note(PersonSeen(person, self._clock.now()))

    async def banned(self, user_id: int) -> bool:
        """Whether they are banned, as far as is known."""
        known, asked = self._banned.get(user_id, (False, -BELIEVED))
        if self._clock.monotonic() - asked < BELIEVED:
            return known
        try:
            user = await self._users.get(user_id)
        except StorageError:
            return known
        return self._learn(user_id, user is not None and user.banned)

    async def set_banned(self, user_id: int, banned: bool) -> bool:
        """Bans or pardons; their links follow. False for an unknown user. Raises StorageError."""
        known = await self._users.set_banned(user_id, banned)
        self._learn(user_id, banned)
        if self._follow is not None:
            with contextlib.suppress(StorageError):  # then it is heard a moment later
                await self._follow()
        return known

    async def find(self, named: str) -> User | None:
        """Somebody by id, @name, or the address of their name (t.me/name). Raises StorageError."""
        user_id = user_id_in(named)
        if user_id is not None:
            return await self._users.get(user_id)
        return await self._users.named(_ADDRESS.sub("", named).removeprefix("@"))

    def _learn(self, user_id: int, banned: bool) -> bool:
        self._banned[user_id] = banned, self._clock.monotonic()
        self._banned.move_to_end(user_id)
        if len(self._banned) > MOST_KNOWN:
            self._banned.popitem(last=False)
        return banned


def user_id_in(text: str) -> int | None:
    """The user id that `text` is; None for anything else, names and chats among it."""
    digits = text.isascii() and text.isdigit() and len(text) <= 16
    return int(text) if digits and 0 < int(text) <= LARGEST_ID else None
