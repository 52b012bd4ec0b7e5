"""Carries chunks from one data centre: asks the scheduler for a place, calls, and calls again.

Again, because a flood wait moves a chunk to another account's lane at once, and because the chunk
somebody waits for is hedged when it is late (core/hedging).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from telpher.clock import Clock
from telpher.core.demand import Demand, Urgency
from telpher.core.hedging import Allowance, late_after
from telpher.core.model import Location
from telpher.errors import ChunkTimeoutError, FloodWaitError, TelegramError
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
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(self._outcome(wanted, place), name="attempt")
            second = await self._second_place(wanted, place, first)
            running = {first}
            if second is not None:
                running.add(tasks.create_task(self._outcome(wanted, second), name="hedge"))
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

    async def _outcome(self, wanted: Wanted, place: Place) -> memoryview | TelegramError:
        """What an attempt came to, as a value: in a task group a raised one ends the other."""
        try:
            return await self._attempt(wanted, place)
        except TelegramError as error:
            return error

    async def _second_place(
        self, wanted: Wanted, place: Place, first: asyncio.Task[memoryview | TelegramError]
    ) -> Place | None:
        """Waits until `first` has ended, or is late, waited for, and may be hedged."""
        while not first.done():
            await asyncio.wait({first}, timeout=late_after(place.expected))
            if first.done() or wanted.demand.urgency is not Urgency.HEAD:
                continue
            second = self.scheduler.elsewhere(
                wanted.locations, wanted.limit, place.link, self._allowance.spend
            )
            if second is not None:
                self.counts.hedges += 1
                return second
        return None
