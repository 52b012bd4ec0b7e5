"""All chunks wanted from one data centre and all lanes that lead to it: which goes where, and when.

    fetch ── request ──► FairQueue ──► assign() ──► lane, link ──► get_chunk on that link
               demand may change            ▲            │
               while it waits               └── room ────┘

`assign` is the one place that decides, and it never awaits: it gives the next request in the order
of service (core/fairness) to the connection that is expected to be done with it first, over all
accounts that can see the file. There is no barrier: whenever a chunk has ended, a connection has
been added or a wait is over, it fills the room there is. A request that finds its lanes full holds
them for itself, or small chunks would slip past a large one for ever.

A flood wait moves a request to another account's lane at once; only when every lane it could take
is under one does the caller hear of it.

Hedging: when the chunk somebody waits for is late by three times what was expected, it is asked
for a second time on another connection and the first answer counts; at most 2 % of requests, since
a late chunk is mostly a slow pipe, which a second request does not widen.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from telpher.clock import Clock
from telpher.core.demand import Demand, Urgency
from telpher.core.fairness import Entry, FairQueue
from telpher.core.model import Location
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

# A chunk that takes three times as long as expected is late (engine.md, "Several bots").
LATE_TIMES = 3.0

# Below this no hedge: the estimate of a fresh connection is rough, and a timer costs, too.
LEAST_PATIENCE = 0.25

# One request in so many may be hedged: 2 %.
REQUESTS_PER_HEDGE = 50

# Hedges that may be saved up from quiet times.
MOST_SAVED_HEDGES = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes out; its ticket holds room in the link's window."""

    lane: Lane
    link: Link
    ticket: Ticket
    expected: float


@dataclass(eq=False, slots=True)
class Request:
    """One chunk that is wanted; `locations` has one for each account that can see the file."""

    locations: Mapping[int, Location]
    offset: int
    limit: int
    demand: Demand
    placed: asyncio.Future[Place]


@dataclass(slots=True)
class SchedulerCounts:
    """Counted since the start."""

    requests: int = 0
    hedges: int = 0
    hedges_won: int = 0


@dataclass(slots=True)
class Hedges:
    """The allowance for hedging."""

    saved: float = 1.0

    def earn(self) -> None:
        """A request was sent."""
        self.saved = min(self.saved + 1 / REQUESTS_PER_HEDGE, MOST_SAVED_HEDGES)

    def spend(self) -> bool:
        """Takes one, if there is one."""
        if self.saved < 1:
            return False
        self.saved -= 1
        return True


@dataclass(eq=False)
class Scheduler:
    """See the module.

    `lane` gives an account's lane; `changed` is called when one needs care. No answer is waited
    for longer than `most_patience` seconds.
    """

    dc: int
    clock: Clock
    lane: Callable[[int], Lane]
    changed: Callable[[Lane], None]
    most_patience: float = math.inf
    counts: SchedulerCounts = field(default_factory=SchedulerCounts)
    _queue: FairQueue[Request] = field(default_factory=FairQueue)
    _hedges: Hedges = field(default_factory=Hedges)
    _timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests have no place yet."""
        return len(self._queue)

    async def fetch(
        self, locations: Mapping[int, Location], offset: int, limit: int, demand: Demand
    ) -> memoryview:
        """One chunk, from whichever account is expected to have it first.

        Raises FloodWaitError when every lane is under a flood wait, and otherwise what
        MediaConnection.get_chunk raised, with the account it came from.
        """
        while True:
            request = Request(locations, offset, limit, demand, _future())
            flood = self._flood(request)
            if flood is not None:
                raise flood
            place = await self._place(request)
            self.counts.requests += 1
            self._hedges.earn()
            try:
                if self._alone(request):
                    return await self._attempt(request, place)
                return await self._race(request, place)
            except FloodWaitError:
                continue  # that lane is quiet now: another takes it, or the caller hears of it

    def refuse(self, lane: Lane, error: TelegramError) -> None:
        """No connection of `lane` could be opened: tells those who have no other with one."""
        for entry in self._queue.entries():
            lanes = [self.lane(account) for account in entry.item.locations]
            if lane in lanes and not any(each.links for each in lanes):
                self._fail(entry, error)

    # Deciding.

    def assign(self) -> None:
        """Gives out all the room there is."""
        full: set[int] = set()
        place: Place | None = None

        def offer(request: Request) -> bool:
            nonlocal place
            place = self._choose(request, full)
            return place is not None

        while (request := self._queue.take(offer)) is not None:
            assert place is not None  # noqa: S101 - offer() said so
            if request.placed.done():
                place.link.window.dropped(place.ticket)
            else:
                request.placed.set_result(place)
        self._care(full)

    def _choose(self, request: Request, full: set[int]) -> Place | None:
        """The place that is expected to be done first; notes in `full` which lanes have none."""
        best: tuple[float, Lane, Link] | None = None
        open_lanes = [account for account in request.locations if account not in full]
        for account in open_lanes:
            lane = self.lane(account)
            found = lane.best(request.limit)
            if found is None:
                continue
            seconds, link = found
            if best is None or seconds < best[0]:
                best = (seconds, lane, link)
        if best is None:
            full.update(open_lanes)
            return None
        seconds, lane, link = best
        return Place(lane, link, lane.sent(link, request.limit), seconds)

    def _care(self, full: set[int]) -> None:
        """Has connections opened where they are missing, and comes back when a wait is over."""
        pauses = []
        for account in full:
            lane = self.lane(account)
            pause = lane.pause()
            lane.unmet = pause == 0
            if pause:
                pauses.append(pause)
            elif lane.wants_link():
                self.changed(lane)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if pauses:
            self._timer = asyncio.get_running_loop().call_later(min(pauses), self.assign)

    def _flood(self, request: Request) -> FloodWaitError | None:
        """The shortest of the flood waits, when every lane of the request is under one."""
        floods = [self.lane(account).flood() for account in request.locations]
        known = [flood for flood in floods if flood is not None]
        if len(known) < len(floods):
            return None
        return min(known, key=lambda flood: flood.seconds)

    def _fail(self, entry: Entry[Request], error: TelegramError) -> None:
        self._queue.remove(entry)
        if not entry.item.placed.done():
            entry.item.placed.set_exception(error)

    def _discard(self, lane: Lane, link: Link) -> bool:
        discarded = lane.discard(link)
        if discarded:
            self.changed(lane)
        return discarded

    def _failed(self, place: Place, error: TelegramError) -> None:
        """Learns from a call that came to nothing."""
        lane, link, ticket = place.lane, place.link, place.ticket
        match error:
            case FloodWaitError():
                lane.flooded(link, ticket, error)
                for entry in self._queue.entries():
                    flood = self._flood(entry.item)
                    if flood is not None:
                        self._fail(entry, flood)
            case ChunkTimeoutError():
                if lane.timed_out(link, ticket):
                    self._discard(lane, link)
            case ThrottledError():
                lane.throttled(link)
                self._discard(lane, link)
            case AuthorisationLostError():
                link.login_lost = True
                self._discard(lane, link)
            case TelegramUnavailableError():
                self._discard(lane, link)

    # Carrying out.

    async def _place(self, request: Request) -> Place:
        """Waits for room in a window. Whoever gets it must end its ticket."""
        entry = self._queue.add(request, request.limit, request.demand)
        self.assign()
        try:
            return await request.placed
        except asyncio.CancelledError:
            self._leave(entry)
            raise

    def _leave(self, entry: Entry[Request]) -> None:
        """The caller is gone: out of the queue, or the place it was just given back."""
        self._queue.remove(entry)
        placed = entry.item.placed
        if placed.done() and not placed.cancelled() and placed.exception() is None:
            place = placed.result()
            place.link.window.dropped(place.ticket)
            self.assign()

    async def _attempt(self, request: Request, place: Place) -> memoryview:
        lane, link, ticket = place.lane, place.link, place.ticket
        location = request.locations[lane.account]
        started = self.clock.monotonic()
        try:
            data = await link.connection.get_chunk(
                location,
                request.offset,
                request.limit,
                min(link.window.patience(ticket), self.most_patience),
                urgent=request.demand.urgency is Urgency.HEAD,
            )
            lane.succeeded(link, ticket, self.clock.monotonic() - started)
        except TelegramError as error:
            error.account = lane.account
            self._failed(place, error)
            raise
        finally:
            link.window.dropped(ticket)
            self.assign()
        return data

    # Hedging.

    def _alone(self, request: Request) -> bool:
        """Whether there is but one connection, so that no other could be asked."""
        return sum(len(self.lane(account).links) for account in request.locations) < 2

    async def _race(self, request: Request, place: Place) -> memoryview:
        """The attempt at `place`, and perhaps a second one: the first answer counts."""
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(self._outcome(request, place), name="attempt")
            second = await self._second_place(request, place, first)
            running = {first}
            if second is not None:
                running.add(tasks.create_task(self._outcome(request, second), name="hedge"))
            outcome: memoryview | TelegramError = ChunkTimeoutError("not tried")
            while running and isinstance(outcome, TelegramError):
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                outcome = done.pop().result()
            for late in running:
                late.cancel()
        if isinstance(outcome, TelegramError):
            raise outcome
        if second is not None and running == {first}:
            self.counts.hedges_won += 1
        return outcome

    async def _outcome(self, request: Request, place: Place) -> memoryview | TelegramError:
        """What an attempt came to, as a value: in a task group a raised one ends the other."""
        try:
            return await self._attempt(request, place)
        except TelegramError as error:
            return error

    async def _second_place(
        self, request: Request, place: Place, first: asyncio.Task[memoryview | TelegramError]
    ) -> Place | None:
        """Waits until `first` has ended, or is late, waited for, and may be hedged."""
        patience = max(LATE_TIMES * place.expected, LEAST_PATIENCE)
        while not first.done():
            await asyncio.wait({first}, timeout=patience)
            if first.done() or request.demand.urgency is not Urgency.HEAD:
                continue
            second = self._elsewhere(request, place.link)
            if second is not None:
                self.counts.hedges += 1
                return second
        return None

    def _elsewhere(self, request: Request, link: Link) -> Place | None:
        """A place on another connection, if there is room and the allowance holds."""
        found = [
            (other.finish(request.limit), lane, other)
            for lane in map(self.lane, request.locations)
            if lane.pause() == 0
            for other in lane.links
            if other is not link
        ]
        seconds, lane, other = min(found, key=lambda each: each[0], default=(math.inf, None, None))
        if lane is None or other is None or math.isinf(seconds) or not self._hedges.spend():
            return None
        return Place(lane, other, lane.sent(other, request.limit), seconds)


def _future() -> asyncio.Future[Place]:
    return asyncio.get_running_loop().create_future()
