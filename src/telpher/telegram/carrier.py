"""Carries chunks from one data centre: asks the scheduler for a place, calls, and calls again.

Again, because a flood wait moves a chunk to another account's lane at once, and because the chunk
somebody waits for is hedged when it is late (core/hedging).
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from telpher.clock import Clock
from telpher.core.demand import Demand, Urgency
from telpher.core.hedging import Allowance, late_after
from telpher.core.model import Location
from telpher.errors import FloodWaitError, TelegramError
from telpher.telegram.race import race
from telpher.telegram.scheduler import Place, Scheduler


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

    async def fetch(self, wanted: Wanted) -> memoryview:
        """The bytes, from whichever account is expected to have them first.

        Raises FloodWaitError when every lane is under a flood wait, and otherwise what
        MediaConnection.get_chunk raised, with the account it came from.
        """
        while True:
            place = await self.scheduler.place(wanted.locations, wanted.limit, wanted.demand)
            self.counts.requests += 1
            self._allowance.earn()
            try:
                if self.scheduler.links(wanted.locations) < 2:
                    return await self._attempt(wanted, place)
                return await self._race(wanted, place)
            except FloodWaitError:
                continue  # that lane is quiet now: another takes it, or the caller hears of it

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
            self._attempt(wanted, place),
            late_after(place.expected),
            lambda: self._second(wanted, place),
        )
        self.counts.hedges_won += won
        return data

    def _second(self, wanted: Wanted, place: Place) -> Coroutine[Any, Any, memoryview] | None:
        """An attempt elsewhere, if somebody waits for the bytes and it may be hedged."""
        if wanted.demand.urgency is not Urgency.HEAD:
            return None
        second = self.scheduler.elsewhere(
            wanted.locations, wanted.limit, place.link, self._allowance.spend
        )
        if second is None:
            return None
        self.counts.hedges += 1
        return self._attempt(wanted, second)
