"""Stores in memory, for the bot's tests; `away` has them fail as a database that is not there."""

from __future__ import annotations

from dataclasses import dataclass, field

from telpher.core.model import Person
from telpher.core.records import User
from telpher.errors import StorageError


@dataclass
class Notebook:
    """Keeps what is noted."""

    events: list = field(default_factory=list)

    def note(self, event):
        self.events.append(event)


@dataclass
class FakeUsers:
    """`banned` are ids; `asked` counts the calls."""

    banned: set[int] = field(default_factory=set)
    away: bool = False
    asked: int = 0

    async def get(self, user_id):
        self.asked += 1
        if self.away:
            raise StorageError("away")
        return User(Person(user_id, ""), 0, 0, 0, banned=user_id in self.banned)

    async def set_banned(self, user_id, banned, at):
        if self.away:
            raise StorageError("away")
        (self.banned.add if banned else self.banned.discard)(user_id)
        return True


@dataclass
class FakeDialogues:
    """One conversation a user."""

    there: dict = field(default_factory=dict)
    away: bool = False

    async def get(self, user_id, now):
        if self.away:
            raise StorageError("away")
        found = self.there.get(user_id)
        return found if found and found.expires > now else None

    async def put(self, dialogue):
        self.there[dialogue.user_id] = dialogue

    async def drop(self, user_id):
        self.there.pop(user_id, None)
