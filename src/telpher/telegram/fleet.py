"""All bots as one MediaGateway: whom to ask, which data centre, and what can be mended here.

    get_chunk ── sources of all accounts that can see the file ────► Carrier of its data centre
        ▲                                                                     │
        └── moved? remember the data centre   reference expired? refresh it ◄─┘
            login lost? once more             refused to an extra bot? go on without that bot

What is not mended here (flood waits on every lane, time-outs, lost connections) goes to the
engine, which decides how long to be patient.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Protocol

from telpher.clock import Clock
from telpher.core.chunks import GRANULE, PAGE
from telpher.core.demand import Demand
from telpher.core.model import FileInfo, MessageRef, SmallSize
from telpher.errors import (
    AuthorisationLostError,
    MessageDeletedError,
    MigrateError,
    NotFoundError,
    ReferenceExpiredError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.carrier import Carrier, Wanted
from telpher.telegram.keeper import Keeper
from telpher.telegram.lane import Lane
from telpher.telegram.media import MediaConnector
from telpher.telegram.scheduler import Scheduler
from telpher.telegram.sources import Finder, Source, Sources
from telpher.telegram.timing import Timing

# Documents whose move is remembered; forgetting one costs a round trip.
MOST_MOVED = 10_000

# What is mended at most for one chunk: more often, it is a fault of Telegram's.
MOST_REFRESHES = 3
MOST_MIGRATIONS = 2
MOST_RENEWALS = 1

# Most thumbnails are smaller; the limit has to divide a page.
_LEAST_CHUNK = GRANULE


class Account(Finder, Protocol):
    """What is needed of each bot."""

    @property
    def connector(self) -> MediaConnector:
        """Opens its media connections."""
        ...


@dataclass(slots=True)
class Trials:
    """What has been mended for one chunk already, and whom it was tried without."""

    refreshes: int = 0
    migrations: int = 0
    renewals: int = 0
    without: set[int] = field(default_factory=set)

    @property
    def again(self) -> bool:
        """Whether it has been asked for before."""
        return self.refreshes + self.migrations + self.renewals > 0 or bool(self.without)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for, wherever it is; `thumbnail` names a small size of it instead."""

    offset: int
    limit: int
    demand: Demand
    thumbnail: str = ""

    def of(self, sources: Sequence[Source]) -> Wanted:
        """The same of these sources."""
        locations = [each.location for each in sources]
        if self.thumbnail:
            locations = [replace(each, thumb_size=self.thumbnail) for each in locations]
        by_account = {each.account: each for each in locations}
        return Wanted(by_account, self.offset, self.limit, self.demand)


class Fleet:
    """See the module. `tasks` is the owner's; `close` ends what the fleet runs in it."""

    def __init__(
        self,
        accounts: Sequence[Account],
        sources: Sources,
        clock: Clock,
        timing: Timing,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._accounts = {account.user_id: account for account in accounts}
        self._sources = sources
        self._clock = clock
        self._timing = timing
        self._tasks = tasks
        self._moved: OrderedDict[int, int] = OrderedDict()
        self._carriers: dict[int, Carrier] = {}
        self._keepers: dict[tuple[int, int], Keeper] = {}
        self._running: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def known_files(self) -> int:
        """How many files' properties are remembered."""
        return len(self._sources)

    def lanes(self) -> list[Lane]:
        """Every account's way to every data centre it has fetched from."""
        return [keeper.lane for keeper in self._keepers.values()]

    def carriers(self) -> dict[int, Carrier]:
        """What carries files from each data centre."""
        return dict(self._carriers)

    def connections(self, account: int) -> dict[int, int]:
        """How many connections an account has open, by data centre."""
        return {lane.dc: lane.connected for lane in self.lanes() if lane.account == account}

    def floods(self, account: int) -> dict[int, float]:
        """How many seconds an account's file traffic has to wait, by data centre, where it has."""
        waits = {lane.dc: lane.flood() for lane in self.lanes() if lane.account == account}
        return {dc: float(wait.seconds) for dc, wait in waits.items() if wait is not None}

    async def find_file(self, ref: MessageRef) -> FileInfo:
        """See MediaGateway."""
        return await self._sources.info(ref)

    async def get_chunk(
        self, ref: MessageRef, info: FileInfo, offset: int, limit: int, demand: Demand
    ) -> memoryview:
        """See MediaGateway."""
        return await self._get(ref, info, _Asked(offset, limit, demand))

    async def get_thumbnail(
        self, ref: MessageRef, info: FileInfo, size: SmallSize, demand: Demand
    ) -> memoryview:
        """See MediaGateway."""
        limit = _LEAST_CHUNK
        while limit < min(size.size, PAGE):
            limit *= 2
        return await self._get(ref, info, _Asked(0, limit, demand, size.name))

    async def _get(self, ref: MessageRef, info: FileInfo, asked: _Asked) -> memoryview:
        trials = Trials()
        while True:
            try:
                sources = await self._sources.of(ref, info, trials.without)
            except NotFoundError as error:  # it was there when the file was found
                raise MessageDeletedError("the message is gone") from error
            dc = self._moved.get(info.document_id, sources[0].location.dc)
            try:
                wanted = asked.of(sources)
                return await self._carrier(dc).fetch(wanted, again=trials.again)
            except TelegramError as error:
                culprit = next(
                    (each for each in sources if each.location.account == error.account), None
                )
                if culprit is None:
                    raise
                await self._see_to(error, culprit, trials, alone=len(sources) == 1)

    async def close(self) -> None:
        """Closes all connections; nothing is fetched any more."""
        self._closed = True
        await self._sources.close()
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _see_to(
        self, error: TelegramError, source: Source, trials: Trials, *, alone: bool
    ) -> None:
        """Mends what went wrong, or goes on without `source` unless it is the only one left."""
        try:
            await self._mend(error, source, trials)
        except TelegramError as lasting:
            self._sources.rest(source, lasting)
            if alone:
                raise
            trials.without.add(source.location.account)

    async def _mend(self, error: TelegramError, source: Source, trials: Trials) -> None:
        """Does something about `error`, after which a repeat has a chance; else raises it."""
        match error:
            case MigrateError() if trials.migrations < MOST_MIGRATIONS:
                trials.migrations += 1
                self._remember(source.location.document_id, error.dc)
            case AuthorisationLostError():
                trials.renewals += 1
                if trials.renewals > MOST_RENEWALS:
                    raise TelegramUnavailableError("a login is refused again and again") from error
            case ReferenceExpiredError() if trials.refreshes < MOST_REFRESHES:
                trials.refreshes += 1
                await self._sources.refresh(source)
            case _:
                raise error

    def _remember(self, document_id: int, dc: int) -> None:
        self._moved[document_id] = dc
        self._moved.move_to_end(document_id)
        if len(self._moved) > MOST_MOVED:
            self._moved.popitem(last=False)

    def _carrier(self, dc: int) -> Carrier:
        if self._closed:
            raise TelegramUnavailableError("telpher is disconnecting from Telegram")
        carrier = self._carriers.get(dc)
        if carrier is None:
            scheduler = Scheduler(
                lane=lambda account: self._keeper(account, dc).lane,
                changed=lambda lane: self._keeper(lane.account, dc).wake(),
            )
            carrier = Carrier(scheduler, self._clock, self._timing.chunk)
            self._carriers[dc] = carrier
        return carrier

    def _keeper(self, account: int, dc: int) -> Keeper:
        keeper = self._keepers.get((account, dc))
        if keeper is None:
            lane = Lane(account, dc, self._clock)
            connector = self._accounts[account].connector
            keeper = Keeper(lane, self._carrier(dc).scheduler, connector, self._timing)
            self._keepers[account, dc] = keeper
            name = f"connections of {account} to DC {dc}"
            # It outlives the request that needs it first: its log entries are not that one's.
            task = self._tasks.create_task(keeper.run(), name=name, context=Context())
            self._running.append(task)
        return keeper
