"""Which waiting request goes out on which connection: the pool's state, without its I/O.

    ask -> Request, waiting          withdraw: its caller has gone
    assign -> [(Request, Link)]      the caller of `ask` now sends it on the link
    ended -> its room in the window is free again

There is no barrier: whenever one request ends or a link is added, `assign` fills the room there
is, in the order of asking. A request that has no room holds back those behind it, or small ones
would overtake large ones for ever. All of it is synchronous, so cancellation cannot come between.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from telpher.core.window import Ticket, Window
from telpher.telegram.media import MediaConnection

_Caller = TypeVar("_Caller")

# Answers that failed to come, one after the other, before a connection is replaced (engine.md).
MOST_TIMEOUTS = 4


@dataclass(eq=False, slots=True)
class Request(Generic[_Caller]):
    """`size` bytes that `caller` waits to be allowed to ask for."""

    size: int
    caller: _Caller


@dataclass(eq=False, slots=True)
class Link:
    """A connection, the window on it, and whether it has proved itself by a chunk."""

    connection: MediaConnection
    window: Window = field(default_factory=Window)
    proved: bool = False
    timeouts: int = 0


@dataclass(slots=True)
class Assignment(Generic[_Caller]):
    """All links of one account to one data centre, and the requests waiting for them."""

    links: list[Link] = field(default_factory=list)
    waiting: deque[Request[_Caller]] = field(default_factory=deque)
    learned: int = 0

    def ask(self, size: int, caller: _Caller) -> Request[_Caller]:
        """Queues a request for `size` bytes."""
        request = Request(size, caller)
        self.waiting.append(request)
        return request

    def withdraw(self, request: Request[_Caller]) -> None:
        """Takes a request out that has not been assigned; no error when it has."""
        if request in self.waiting:
            self.waiting.remove(request)

    def withdraw_all(self) -> list[Request[_Caller]]:
        """Takes out all that wait."""
        requests = list(self.waiting)
        self.waiting.clear()
        return requests

    def assign(self) -> list[tuple[Request[_Caller], Link, Ticket]]:
        """What may go out now, and where; its room is taken from here on."""
        assigned: list[tuple[Request[_Caller], Link, Ticket]] = []
        while self.waiting:
            link = self._free_link(self.waiting[0].size)
            if link is None:
                break
            request = self.waiting.popleft()
            assigned.append((request, link, link.window.sent(request.size)))
        return assigned

    def add(self, connection: MediaConnection) -> Link:
        """A new connection; it starts with the window that the last one had learned."""
        link = Link(connection, Window(self.learned) if self.learned else Window())
        self.links.append(link)
        return link

    def remove(self, link: Link) -> bool:
        """Takes a link out; False when it was out already. What it learned is kept."""
        if link not in self.links:
            return False
        self.links.remove(link)
        self.learned = link.window.size
        return True

    def timed_out(self, link: Link) -> bool:
        """Counts an answer that did not come; True when the link should be replaced."""
        link.timeouts += 1
        return link.timeouts >= MOST_TIMEOUTS

    def dead(self) -> list[Link]:
        """Links whose connection is gone."""
        return [link for link in self.links if not link.connection.alive]

    def _free_link(self, size: int) -> Link | None:
        """The link with the least in flight among those with room."""
        free = [link for link in self.links if link.connection.alive and link.window.room(size)]
        return min(free, key=lambda link: link.window.in_flight, default=None)
