"""Carries chunks from one data centre: asks the scheduler for a place, calls, and calls again.

Again, because a flood wait moves a chunk to another account's lane at once, because a connection
that was good is followed by the next at once, and because the chunk somebody waits for is hedged
when it is late (core/hedging).

A large chunk takes longer to come than the round trip does (1 MiB at 8 MB/s: 131 ms). Where it has
to be asked for a second time while somebody waits for it, it comes in pieces side by side, over
all the connections there are: a few calls more, for less than half of the wait.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from telpher.clock import Clock
from telpher.core.chunks import PAGE
from telpher.core.demand import Demand, Urgency
from telpher.core.hedging import Allowance, late_after
from telpher.core.model import Location
from telpher.errors import (
    FloodWaitError,
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.race import race
from telpher.telegram.scheduler import Place, Scheduler

# What is asked for again comes in pieces of this size: a quarter of the largest chunk, as a bot has
# four connections at most.
PIECE = PAGE // 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted; `locations` has one for each account that can see the file."""

    locations: Mapping[int, Location]
    offset: int
    limit: int
    demand: Demand


@dataclass(slots=True)
class CarrierCounts:
    """Counted since the start."""

    requests: int = 0
    hedges: int = 0
    hedges_won: int = 0


class Carrier:
    """See the module. No answer is waited for longer than `most_patience` seconds."""

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Clock,
        most_patience: float = math.inf,
        allowance: Allowance | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.counts = CarrierCounts()
        self._clock = clock
        self._most_patience = most_patience
        self._allowance = allowance or Allowance()

    async def fetch(self, wanted: Wanted, *, again: bool = False) -> memoryview:
        """The bytes, from whichever account is expected to have them first.

        `again` says that it has been asked for before, in vain. Raises FloodWaitError when every
        lane is under a flood wait, and otherwise what MediaConnection.get_chunk raised, with the
        account it came from.
        """
        lost = False
        while True:
            if again and wanted.limit > PIECE and wanted.demand.urgency is not Urgency.AHEAD:
                return await self._in_pieces(wanted)
            place = await self.scheduler.place(wanted.locations, wanted.limit, wanted.demand)
            self.counts.requests += 1
            self._allowance.earn()
            try:
                if self.scheduler.links(wanted.locations) < 2:
                    return await self._attempt(wanted, place)
                return await self._race(wanted, place)
            except FloodWaitError:
                again = True  # that lane is quiet now: another takes it, or the caller hears of it
            except TelegramUnavailableError as error:
                if lost or not place.link.proved or isinstance(error, ThrottledError):
                    raise
                lost = again = True
                wanted = self._elsewhere(wanted, place.lane.account)

    def _elsewhere(self, wanted: Wanted, account: int) -> Wanted:
        """The same of others than `account`, where they are free: what ended one of its connections
        may end the next, too. Else there is the next one in a moment."""
        others = {each: found for each, found in wanted.locations.items() if each != account}
        free = self.scheduler.links(others) and self.scheduler.flood(others) is None
        return replace(wanted, locations=others) if free else wanted

    async def _in_pieces(self, wanted: Wanted) -> memoryview:
        """The same bytes, joined."""
        failure: TelegramError | None = None
        async with asyncio.TaskGroup() as tasks:
            pieces = [
                tasks.create_task(self._piece(wanted, offset), name="piece")
                for offset in range(wanted.offset, wanted.offset + wanted.limit, PIECE)
            ]
            for coming in asyncio.as_completed(pieces):
                outcome = await coming
                if isinstance(outcome, TelegramError):
                    failure = outcome
                    break
            for piece in pieces:
                piece.cancel()
        if failure is not None:
            raise failure
        return memoryview(b"".join(cast(memoryview, piece.result()) for piece in pieces))

    async def _piece(self, wanted: Wanted, offset: int) -> memoryview | TelegramError:
        demand = Demand()
        demand.want(wanted.demand.viewer, wanted.demand.urgency)
        try:
            return await self.fetch(replace(wanted, offset=offset, limit=PIECE, demand=demand))
        except TelegramError as error:
            return error

    async def _attempt(self, wanted: Wanted, place: Place) -> memoryview:
        lane, link = place.lane, place.link
        started = self._clock.monotonic()
        try:
            data = await link.connection.get_chunk(
                wanted.locations[lane.account],
                wanted.offset,
                wanted.limit,
                min(link.window.patience(place.ticket), self._most_patience),
                urgent=wanted.demand.urgency is Urgency.HEAD,
            )
            lane.succeeded(link, place.ticket, self._clock.monotonic() - started)
            lane.counts.received += len(data)
        except TelegramError as error:
            error.account = lane.account
            self.scheduler.failed(place, error)
            raise
        finally:
            self.scheduler.free(place)
        return data

    # Hedging.

    async def _race(self, wanted: Wanted, place: Place) -> memoryview:
        """The attempt at `place`, and perhaps a second one: the first answer counts."""
        data, won = await race(
            lambda: self._attempt(wanted, place),
            late_after(place.expected),
            lambda: self._second(wanted, place),
        )
        self.counts.hedges_won += won
        return data

    async def _second(self, wanted: Wanted, place: Place) -> memoryview | None:
        """From elsewhere, if somebody waits for the bytes and it may be hedged; else None."""
        if wanted.demand.urgency is not Urgency.HEAD:
            return None
        second = self.scheduler.elsewhere(
            wanted.locations, wanted.limit, place.link, self._allowance.spend
        )
        if second is None:
            return None
        self.counts.hedges += 1
        return await self._attempt(wanted, second)
