"""File traffic of one account over all data centres: which DC a file is in, and what to replay.

A location names the data centre of the file, but Telegram may know better (FILE_MIGRATE_X): the
answer is remembered per document, and the request replayed there. A login that a data centre no
longer knows is renewed by the pool's next connection, and the request replayed on it. Each once:
what fails again goes to the engine.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from telpher.clock import Clock
from telpher.core.model import Location
from telpher.errors import AuthorisationLostError, MigrateError, TelegramUnavailableError
from telpher.telegram.media import MediaConnector
from telpher.telegram.pool import Pool
from telpher.telegram.timing import Timing

# Documents whose move is remembered; forgetting one costs a round trip.
MOST_MOVED = 10_000


class Transfers:
    """The pools of one account, one per data centre it has fetched from."""

    def __init__(self, connector: MediaConnector, clock: Clock, timing: Timing) -> None:
        self._connector = connector
        self._clock = clock
        self._timing = timing
        self._pools: dict[int, Pool] = {}
        self._moved: OrderedDict[int, int] = OrderedDict()
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Lets pools work until cancelled; then all connections are closed."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            self._pools.clear()

    def connections(self) -> dict[int, int]:
        """Open connections by data centre."""
        return {dc: pool.connections for dc, pool in self._pools.items()}

    async def get_chunk(self, location: Location, offset: int, limit: int) -> memoryview:
        """See MediaGateway.get_chunk."""
        migrated = renewed = False
        while True:
            dc = self._moved.get(location.document_id, location.dc)
            try:
                return await self._pool(dc).fetch(location, offset, limit)
            except MigrateError as error:
                if migrated:
                    raise
                migrated = True
                self._remember(location.document_id, error.dc)
            except AuthorisationLostError as error:
                if renewed:
                    raise TelegramUnavailableError(f"no login for data centre {dc}") from error
                renewed = True

    def _pool(self, dc: int) -> Pool:
        pool = self._pools.get(dc)
        if pool is None:
            if self._group is None:
                raise TelegramUnavailableError("not connected to Telegram")
            pool = self._pools[dc] = Pool(dc, self._connector, self._clock, self._timing)
            self._group.create_task(pool.run(), name=f"media connections to DC {dc}")
        return pool

    def _remember(self, document_id: int, dc: int) -> None:
        self._moved[document_id] = dc
        self._moved.move_to_end(document_id)
        while len(self._moved) > MOST_MOVED:
            self._moved.popitem(last=False)
