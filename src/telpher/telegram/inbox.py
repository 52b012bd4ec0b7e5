"""Which incoming update is handled next: bounded, and fair between chats.

Every update is handled in its own task, so that a slow conversation holds up nobody else. Three
limits keep strangers from using all memory or all tasks: tasks running in all, tasks running for
one chat, and updates waiting in one chat. Chats with waiting updates take turns.

Pure: `offer` and `finished` change the state, `take` says what to start; the caller starts it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

# Handlers mostly wait for Telegram: this many at once keep a busy bot going.
MOST_RUNNING = 64
# Enough for an album sent at once and a /cancel beside it.
MOST_RUNNING_PER_CHAT = 8
# A person who forwards a hundred files at once is served whole.
MOST_WAITING_PER_CHAT = 200
# In all: some 10 MB of messages.
MOST_WAITING = 5000


@dataclass(slots=True)
class _Box(Generic[_Item]):
    """One chat's."""

    waiting: deque[_Item] = field(default_factory=deque)
    running: int = 0


class Inbox(Generic[_Item]):
    """Updates waiting and running, by chat."""

    def __init__(
        self,
        most_running: int = MOST_RUNNING,
        most_per_chat: int = MOST_RUNNING_PER_CHAT,
        most_waiting_per_chat: int = MOST_WAITING_PER_CHAT,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._most_running = most_running
        self._most_per_chat = most_per_chat
        self._most_waiting_per_chat = most_waiting_per_chat
        self._most_waiting = most_waiting
        self._boxes: dict[int, _Box[_Item]] = {}
        self._turns: deque[int] = deque()
        self._waiting = 0
        self._running = 0

    @property
    def waiting(self) -> int:
        """How many items have not started."""
        return self._waiting

    def offer(self, chat: int, item: _Item) -> bool:
        """Queues `item`; False when the chat, or everything, has too much waiting already."""
        box = self._boxes.get(chat) or _Box()
        full = len(box.waiting) >= self._most_waiting_per_chat
        if full or self._waiting >= self._most_waiting:
            return False
        self._boxes[chat] = box
        if not box.waiting:
            self._turns.append(chat)
        box.waiting.append(item)
        self._waiting += 1
        return True

    def take(self) -> list[tuple[int, _Item]]:
        """(chat, item) for all that is to start now; each counts as running from here on."""
        started: list[tuple[int, _Item]] = []
        skipped: list[int] = []
        while self._turns and self._running < self._most_running:
            chat = self._turns.popleft()
            box = self._boxes[chat]
            if box.running >= self._most_per_chat:
                skipped.append(chat)
                continue
            item = box.waiting.popleft()
            if box.waiting:
                self._turns.append(chat)
            box.running += 1
            self._running += 1
            self._waiting -= 1
            started.append((chat, item))
        self._turns.extendleft(reversed(skipped))
        return started

    def finished(self, chat: int) -> None:
        """One of the chat's running items has ended."""
        box = self._boxes[chat]
        box.running -= 1
        self._running -= 1
        if not box.running and not box.waiting:
            del self._boxes[chat]
