"""All chunks wanted from one data centre and all lanes that lead to it: which goes where, and when.

    carrier ── place() ──► FairQueue ──► assign() ──► Place: a lane, a link, room in its window
       ▲      demand may change             ▲                            │
       │      while it waits                └── room, once it is over ───┤
       └─────────────────────────────────────────────────────────────────┘

`assign` is the one place that decides, and it never awaits: it gives the next request in the order
of service (core/fairness) to the connection that is expected to be done with it first, over all
accounts that can see the file. There is no barrier: whenever a chunk has ended, a connection has
been added or a wait is over, it fills the room there is. A request that finds its lanes full holds
them for itself, or small chunks would slip past a large one for ever.

Nobody queues for lanes that are all under a flood wait: the caller hears of it at once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from telpher.core.demand import Demand
from telpher.core.fairness import Entry, FairQueue
from telpher.core.window import Ticket
from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    FloodWaitError,
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.lane import Lane, Link


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes out; its ticket holds room in the link's window until `free`.

    `expected` is the number of seconds after which the answer is expected.
    """

    lane: Lane
    link: Link
    ticket: Ticket
    expected: float


@dataclass(eq=False, slots=True)
class Request:
    """`size` bytes that any of `accounts` can fetch, and the place they wait for."""

    accounts: Collection[int]
    size: int
    placed: asyncio.Future[Place]


class Scheduler:
    """See the module. `lane` gives an account's lane; `changed` is called when one needs care."""

    def __init__(self, lane: Callable[[int], Lane], changed: Callable[[Lane], None]) -> None:
        self._lane = lane
        self._changed = changed
        self._queue: FairQueue[Request] = FairQueue()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests have no place yet."""
        return len(self._queue)

    def links(self, accounts: Collection[int]) -> int:
        """How many connections these accounts have here."""
        return sum(len(self._lane(account).links) for account in accounts)

    # Asking for a place.

    async def place(self, accounts: Collection[int], size: int, demand: Demand) -> Place:
        """Waits for room for `size` bytes in a window; whoever gets it must `free` it.

        Raises FloodWaitError when every lane is under a flood wait, and what `refuse` was told.
        """
        flood = self.flood(accounts)
        if flood is not None:
            raise flood
        if not self._queue and (place := self._choose(accounts, size, {})) is not None:
            return place  # nobody is before it
        request = Request(accounts, size, asyncio.get_running_loop().create_future())
        entry = self._queue.add(request, size, demand)
        self.assign()
        try:
            return await request.placed
        except asyncio.CancelledError:
            self._leave(entry)
            raise

    def elsewhere(
        self, accounts: Collection[int], size: int, link: Link, may: Callable[[], bool]
    ) -> Place | None:
        """A place on another connection than `link` for what is late; none without room.

        `may` is asked last, when there is a place: False leaves it free.
        """
        found = [
            (other.finish(size), lane, other)
            for lane in map(self._lane, accounts)
            if lane.pause() == 0
            for other in lane.links
            if other is not link
        ]
        seconds, lane, other = min(found, key=lambda each: each[0], default=(math.inf, None, None))
        if lane is None or other is None or math.isinf(seconds) or not may():
            return None
        return Place(lane, other, lane.sent(other, size), seconds)

    def free(self, place: Place) -> None:
        """The call is over, however it ended: its room is for others."""
        place.link.window.dropped(place.ticket)
        self.assign()

    def _leave(self, entry: Entry[Request]) -> None:
        """The caller is gone: out of the queue, or the place it was just given back."""
        self._queue.remove(entry)
        placed = entry.item.placed
        if placed.done() and not placed.cancelled() and placed.exception() is None:
            self.free(placed.result())

    # Deciding.

    def assign(self) -> None:
        """Gives out all the room there is."""
        full: dict[int, float] = {}
        place: Place | None = None

        def offer(request: Request) -> bool:
            nonlocal place
            place = self._choose(request.accounts, request.size, full)
            return place is not None

        while (request := self._queue.take(offer)) is not None:
            assert place is not None  # noqa: S101 - offer() said so
            if request.placed.done():
                place.link.window.dropped(place.ticket)
            else:
                request.placed.set_result(place)
        self._care(full)

    def _choose(self, accounts: Collection[int], size: int, full: dict[int, float]) -> Place | None:
        """The place that is expected to be done first; notes in `full` which lanes have none.

        With each goes the pause it had: looked at later, it might be over just then, and nobody
        would come back for the request.
        """
        best: tuple[float, Lane, Link] | None = None
        pauses: dict[int, float] = {}
        for account in accounts:
            if account in full:
                continue
            lane = self._lane(account)
            pauses[account] = lane.pause()
            found = None if pauses[account] else lane.best(size)
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], lane, found[1])
        if best is None:
            full.update(pauses)
            return None
        seconds, lane, link = best
        return Place(lane, link, lane.sent(link, size), seconds)

    def _care(self, full: dict[int, float]) -> None:
        """Has connections opened where they are missing, and comes back when a pause is over."""
        for account, pause in full.items():
            lane = self._lane(account)
            lane.unmet = pause == 0
            if lane.wants_links():
                self._changed(lane)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pauses = [pause for pause in full.values() if pause]
        if pauses:
            self._timer = asyncio.get_running_loop().call_later(min(pauses), self.assign)

    def flood(self, accounts: Collection[int]) -> FloodWaitError | None:
        """The shortest of the flood waits, when all these accounts' lanes are under one."""
        floods = [self._lane(account).flood() for account in accounts]
        known = [flood for flood in floods if flood is not None]
        if len(known) < len(floods):
            return None
        return min(known, key=lambda flood: flood.seconds)

    # Learning from what went wrong.

    def failed(self, place: Place, error: TelegramError) -> None:
        """The call at `place` came to nothing: what that means for its lane and who waits."""
        lane, link, ticket = place.lane, place.link, place.ticket
        lane.counts.errors[error.key] += 1
        match error:
            case FloodWaitError():
                lane.flooded(link, ticket, error)
                self._tell_of_floods()
            case ChunkTimeoutError():
                if lane.timed_out(link, ticket):
                    self._discard(lane, link)
            case ThrottledError():
                lane.throttled(link)
                link.fault = link.fault or error
                self._discard(lane, link)
            case AuthorisationLostError():
                link.fault = link.fault or error
                self._discard(lane, link)
            case TelegramUnavailableError():
                self._discard(lane, link)

    def refuse(self, lane: Lane, error: TelegramError) -> None:
        """No connection of `lane` could be opened: tells those who have no other with one."""
        error.account = lane.account
        for entry in self._queue.entries():
            lanes = [self._lane(account) for account in entry.item.accounts]
            if lane in lanes and not any(each.links for each in lanes):
                self._dismiss(entry, error)

    def _tell_of_floods(self) -> None:
        """A lane has become quiet: tells those who have no other."""
        for entry in self._queue.entries():
            flood = self.flood(entry.item.accounts)
            if flood is not None:
                self._dismiss(entry, flood)

    def _dismiss(self, entry: Entry[Request], error: TelegramError) -> None:
        self._queue.remove(entry)
        if not entry.item.placed.done():
            entry.item.placed.set_exception(error)

    def _discard(self, lane: Lane, link: Link) -> None:
        if lane.discard(link):
            self._changed(lane)
