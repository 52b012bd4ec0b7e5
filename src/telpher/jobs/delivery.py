"""Counters go from the disk to the database: each exactly once, whatever ends in between.

    seal       what is on disk gets a number there, in batches small enough for one transaction
    apply      the database takes the batch, or knows that it has it already
    delivered  the disk forgets it

A crash, or an answer that is lost, after any of these steps leads to the same batch under the same
number again. While the database is away the disk adds up what happens (storage/local); the runner
begins this job again and again with growing pauses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from telpher.core.model import Person
from telpher.core.tally import Tally
from telpher.errors import StorageError
from telpher.service.journal import Journal
from telpher.storage.base import Ledger
from telpher.storage.local import Batch

# Seconds between deliveries when nothing is urgent: what statistics may lag behind.
DELIVER_EVERY: Final = 5.0

# Sums in a batch: far below what either database takes within the 2 s that a call may last.
MOST_AT_ONCE: Final = 500

# Seconds for what is left at the end: the disk may not outlive the process (containers).
LAST_PATIENCE: Final = 3.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Outbox(Protocol):
    """What waits on disk; see LocalStore."""

    async def seal(self, limit: int) -> Batch | None: ...

    async def delivered(self, number: int) -> None: ...


class Revoker(Protocol):
    """Of a LinkStore the one thing that revocations need."""

    async def revoke(self, link_id: int) -> bool: ...


class Destination(Protocol):
    """Of a Database what is needed here."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def links(self) -> Revoker: ...


class Delivery:
    """See the module. `met` is told of people whom the database did not know; after a crash it may
    be told of the same ones again."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        database: Destination,
        met: Callable[[Sequence[Person]], None],
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._database = database
        self._met = met

    async def deliver_all_of(self, outbox: Outbox) -> None:
        """What waits on disk elsewhere, of a process that is no more. Raises StorageError."""
        await Delivery(self._journal, outbox, self._database, self._met).deliver()

    async def run(self) -> None:
        """Delivers until cancelled. Raises StorageError: then it is to be called again."""
        while True:
            await self.deliver()
            await self._journal.news(DELIVER_EVERY)

    async def deliver(self) -> None:
        """Delivers all that is on disk. Raises StorageError; nothing is lost by that."""
        while batch := await self._outbox.seal(MOST_AT_ONCE):
            await self._take(batch)

    async def finish(self) -> None:
        """Brings what is noted to the disk and, if the database is there, to it. Never fails."""
        try:
            async with asyncio.timeout(LAST_PATIENCE):
                await self._journal.flush()
                await self.deliver()
        except (StorageError, TimeoutError) as error:
            problem = str(error) or "no answer in time"
            _log.warning("counters wait on disk for the next start", problem=problem)

    async def _take(self, batch: Batch) -> None:
        tally = batch.tally
        new = await self._database.ledger.apply(batch.writer, batch.number, tally)
        for link_id in tally.revoked:
            # As of now: the others follow the newest changes and would not see an older one.
            await self._database.links.revoke(link_id)
        if people := _people(tally, new):
            self._met(people)
        await self._outbox.delivered(batch.number)


def _people(tally: Tally, user_ids: Sequence[int]) -> list[Person]:
    found = (tally.users.get(user_id) for user_id in user_ids)
    return [user.person for user in found if user is not None and user.person is not None]
