"""A box: messages under one counter, and the numbered log of what happened to them.

Every account has a box for its private chats and basic groups, every channel has one. Each event
moves the box's *pts* on by its count: a new or edited message by 1, a deletion by the number of
messages. A client that knows pts p and receives an event (pts, count) applies it when
p + count == pts, ignores it when it has it already, and asks for the difference where there is a
gap. https://core.telegram.org/api/updates
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import dropwhile

from tgfake.world.messages import Message
from tgfake.world.peers import Peer

# How many events a box remembers; who has missed more hears "too long", as Telegram answers after
# a few days. Large enough for a broadcast of a benchmark, small enough to be held in memory.
LOG_LENGTH = 100_000


class Change(StrEnum):
    """What happened to messages."""

    NEW = "new"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a box: afterwards its pts is `pts`."""

    change: Change
    pts: int
    count: int
    ids: tuple[int, ...]


class Box:
    """Messages by id, the counter, pts and the log."""

    def __init__(self, owner: Peer, log_length: int = LOG_LENGTH) -> None:
        self.owner = owner
        self.messages: dict[int, Message] = {}
        self.last_id = 0
        self.pts = 1  # Telegram's first state; 0 would mean "none known"
        self._log: deque[Event] = deque(maxlen=log_length)

    def file(self, message: Message) -> int:
        """Give `message` the next id here, without telling anybody."""
        self.last_id += 1
        self.messages[self.last_id] = message
        message.ids[self.owner] = self.last_id
        return self.last_id

    def add(self, message: Message) -> Event:
        """File `message` as news."""
        return self._record(Change.NEW, (self.file(message),))

    def touch(self, message_id: int) -> Event:
        """Record that a message was edited."""
        return self._record(Change.EDIT, (message_id,))

    def remove(self, ids: tuple[int, ...]) -> Event:
        """Forget messages; ids that are not here are a mistake of the caller."""
        for message_id in ids:
            del self.messages[message_id]
        return self._record(Change.DELETE, ids)

    def since(self, pts: int) -> list[Event] | None:
        """The events after `pts`, oldest first; None when the log does not reach back so far."""
        oldest = self._log[0].pts - self._log[0].count if self._log else self.pts
        if pts < oldest:
            return None
        return list(dropwhile(lambda event: event.pts <= pts, self._log))

    def _record(self, change: Change, ids: tuple[int, ...]) -> Event:
        self.pts += len(ids)
        event = Event(change, self.pts, len(ids), ids)
        self._log.append(event)
        return event
