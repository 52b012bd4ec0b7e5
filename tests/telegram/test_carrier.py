"""Carrying chunks over connections that answer when told: attempts, repeats, hedges."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.demand import Demand, Urgency
from telpher.core.hedging import Allowance
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.carrier import PIECE, Carrier, Wanted
from telpher.telegram.lane import Lane
from telpher.telegram.scheduler import Scheduler
from tests.telegram.fakes import FakeConnection, demand_of, location, settle

KIB = 1024
MIB = 1024 * KIB
HEAD, NEAR, AHEAD = Urgency

Fetching = asyncio.Task[memoryview | TelegramError]


class Stage:
    """One data centre, two accounts (1 and 2), connections that answer when told."""

    def __init__(self, tasks: asyncio.TaskGroup, allowance: Allowance) -> None:
        self.clock = FakeClock()
        self.lanes = {account: Lane(account, 4, self.clock) for account in (1, 2)}
        scheduler = Scheduler(self.lanes.__getitem__, lambda _: None)
        self.carrier = Carrier(scheduler, self.clock, allowance=allowance)
        self._tasks = tasks

    def connect(self, account: int = 1) -> FakeConnection:
        connection = FakeConnection()
        lane = self.lanes[account]
        lane.add(lane.free_slot(), connection)
        self.carrier.scheduler.assign()
        return connection

    async def fetch(
        self, demand: Demand, *, limit: int = MIB, accounts: tuple[int, ...] = (1,)
    ) -> Fetching:
        where = {account: location(account=account) for account in accounts}
        fetching = self._tasks.create_task(self._fetch(Wanted(where, 5 * MIB, limit, demand)))
        await settle()
        return fetching

    async def _fetch(self, what: Wanted) -> memoryview | TelegramError:
        try:
            return await self.carrier.fetch(what)
        except TelegramError as error:
            return error

    def in_flight(self) -> int:
        return sum(link.window.in_flight for lane in self.lanes.values() for link in lane.links)


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        yield Stage(tasks, Allowance(0.0))


async def test_a_chunk_is_asked_for_where_there_is_room(stage):
    connection = stage.connect()
    fetching = await stage.fetch(demand_of("a", AHEAD))
    assert connection.asked[0][:2] == (5 * MIB, MIB)
    connection.answer()
    assert len(await fetching) == MIB
    assert (stage.in_flight(), stage.carrier.counts.requests) == (0, 1)


async def test_a_flood_wait_moves_the_chunk_to_the_other_account_at_once(stage):
    flooded = stage.connect(1)
    fetching = await stage.fetch(demand_of("a", HEAD), accounts=(1, 2))
    free = stage.connect(2)
    flooded.fail(FloodWaitError(300))
    asked = await free.answer_all()
    assert len(await fetching) == MIB
    # Somebody waits for it, and has waited once before: not for all of it in one piece.
    assert asked == [(5 * MIB + each * PIECE, PIECE) for each in range(4)]


async def test_read_ahead_and_small_chunks_are_asked_for_again_as_they_are(stage):
    for demand, limit in ((demand_of("a", AHEAD), MIB), (demand_of("a", HEAD), PIECE)):
        connection = stage.connect()
        fetching = asyncio.ensure_future(
            stage.carrier.fetch(Wanted({1: location()}, 0, limit, demand), again=True)
        )
        assert await connection.answer_all() == [(0, limit)]
        assert len(await fetching) == limit
        stage.lanes[1].discard(stage.lanes[1].links[0])


async def test_a_piece_that_fails_ends_the_others(stage):
    first, second = stage.connect(), stage.connect()
    fetching = asyncio.ensure_future(
        stage.carrier.fetch(Wanted({1: location()}, 0, MIB, demand_of("a", HEAD)), again=True)
    )
    await settle()
    first.fail(RequestRejectedError("ODD"))
    with pytest.raises(RequestRejectedError):
        await fetching
    assert first.asked == second.asked == []
    assert stage.in_flight() == 0
    assert stage.carrier.scheduler.waiting == 0


async def test_with_no_other_account_the_flood_wait_is_told(stage):
    connection = stage.connect()
    fetching = await stage.fetch(demand_of("a", HEAD))
    connection.fail(FloodWaitError(7))
    assert isinstance(await fetching, FloodWaitError)


async def test_an_error_says_which_account_met_it(stage):
    connection = stage.connect()
    fetching = await stage.fetch(demand_of("a", AHEAD))
    refused = RequestRejectedError("CHANNEL_PRIVATE")
    connection.fail(refused)
    assert await fetching is refused
    assert refused.account == 1
    assert stage.in_flight() == 0


async def test_who_leaves_in_flight_gives_its_room_back(stage):
    connection = stage.connect()
    first = await stage.fetch(demand_of("a", AHEAD))
    second = await stage.fetch(demand_of("a", AHEAD))
    first.cancel()
    await settle()
    assert connection.cancelled == 1
    connection.answer()
    assert len(await second) == MIB


class TestALostConnection:
    """One that was good; what it had under way is asked for again at once."""

    async def fetching_on(self, stage: Stage, first: FakeConnection, **how: object) -> Fetching:
        """A chunk under way on `first`, which has carried one before."""
        good = await stage.fetch(demand_of("a", AHEAD), limit=64 * KIB)
        first.answer()
        await good
        fetching = await stage.fetch(demand_of("a", AHEAD), **how)
        assert first.asked
        return fetching

    async def test_the_next_one_brings_it(self, stage):
        first = stage.connect()
        fetching = await self.fetching_on(stage, first)
        first.fail(TelegramUnavailableError("reset"))
        await settle()
        second = stage.connect()
        assert await second.answer_all() == [(5 * MIB, MIB)]
        assert len(await fetching) == MIB

    async def test_once(self, stage):
        first = stage.connect()
        fetching = await self.fetching_on(stage, first)
        first.fail(TelegramUnavailableError("reset"))
        await settle()
        second = stage.connect()
        await settle()
        second.fail(TelegramUnavailableError("reset"))
        assert isinstance(await fetching, TelegramUnavailableError)

    async def test_another_account_that_is_free_brings_it(self, stage):
        first = stage.connect(1)
        fetching = await self.fetching_on(stage, first, accounts=(1, 2))
        other = stage.connect(2)
        first.fail(TelegramUnavailableError("reset"))
        stage.connect(1)
        assert await other.answer_all() == [(5 * MIB, MIB)]
        assert len(await fetching) == MIB

    async def test_one_under_a_flood_wait_is_not_waited_for(self, stage):
        first = stage.connect(1)
        fetching = await self.fetching_on(stage, first, accounts=(1, 2))
        stage.connect(2)
        flooded = stage.lanes[2].links[0]
        ticket = stage.lanes[2].sent(flooded, KIB)
        stage.lanes[2].flooded(flooded, ticket, FloodWaitError(300))
        first.fail(TelegramUnavailableError("reset"))
        await settle()
        assert await stage.connect(1).answer_all() == [(5 * MIB, MIB)]
        assert len(await fetching) == MIB

    async def test_one_that_is_throttled_is_left_in_peace(self, stage):
        first = stage.connect()
        fetching = await self.fetching_on(stage, first)
        first.fail(ThrottledError("-429"))
        assert isinstance(await fetching, ThrottledError)


class Miser(Allowance):
    """Never gives anything; tells when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    def spend(self) -> bool:
        self.asked.set()
        return False


class TestHedging:
    """Only what somebody waits for, only when late, only with an allowance."""

    @pytest.fixture
    async def stage(self):
        async with asyncio.TaskGroup() as tasks:
            yield Stage(tasks, Allowance(1.0))

    async def late(
        self, stage: Stage, demand: Demand
    ) -> tuple[Fetching, FakeConnection, FakeConnection]:
        """Two connections; a chunk on the first that does not come."""
        first, second = stage.connect(), stage.connect()
        for connection in (first, second):
            learned = await stage.fetch(demand_of("a", AHEAD), limit=64 * KIB)
            stage.clock.advance(0.001)
            connection.answer()
            await learned
        fetching = await stage.fetch(demand)
        late, other = sorted((first, second), key=lambda each: not each.asked)
        return fetching, late, other

    async def hedged(self, stage: Stage) -> tuple[Fetching, FakeConnection, FakeConnection]:
        """The same, once the chunk has been asked for again."""
        fetching, late, other = await self.late(stage, demand_of("a", HEAD))
        await asked(other)
        return fetching, late, other

    async def test_the_late_head_is_asked_for_again_and_the_first_answer_counts(self, stage):
        fetching, late, other = await self.hedged(stage)
        assert other.asked[0][:2] == (5 * MIB, MIB)
        other.answer()
        assert len(await fetching) == MIB
        assert (late.cancelled, late.asked) == (1, [])
        assert (stage.carrier.counts.hedges, stage.carrier.counts.hedges_won) == (1, 1)

    async def test_the_late_one_may_still_win(self, stage):
        fetching, late, other = await self.hedged(stage)
        late.answer()
        assert len(await fetching) == MIB
        assert other.cancelled == 1
        assert stage.carrier.counts.hedges_won == 0

    async def test_one_that_fails_leaves_the_other(self, stage):
        fetching, late, other = await self.hedged(stage)
        other.fail(RequestRejectedError("ODD"))
        await settle()
        late.answer()
        assert len(await fetching) == MIB

    async def test_when_both_fail_the_last_error_is_raised(self, stage):
        fetching, late, other = await self.hedged(stage)
        other.fail(RequestRejectedError("ODD"))
        await settle()
        late.fail(ChunkTimeoutError("late"))
        assert isinstance(await fetching, ChunkTimeoutError)

    async def test_read_ahead_is_hedged_once_it_is_waited_for(self, stage):
        demand = demand_of("a", AHEAD)
        fetching, late, other = await self.late(stage, demand)
        assert other.asked == []
        demand.want("a", HEAD)
        await asked(other)
        other.answer()
        assert len(await fetching) == MIB
        assert late.cancelled == 1

    async def test_without_an_allowance_there_is_none(self):
        async with asyncio.TaskGroup() as tasks:
            miser = Miser()
            stage = Stage(tasks, miser)
            fetching, late, other = await self.late(stage, demand_of("a", HEAD))
            await miser.asked.wait()
            await settle()
            assert other.asked == []
            late.answer()
            assert len(await fetching) == MIB
            assert stage.carrier.counts.hedges == 0

    async def test_cancelled_both_are_dropped(self, stage):
        fetching, late, other = await self.hedged(stage)
        fetching.cancel()
        await settle()
        assert (late.cancelled, other.cancelled) == (1, 1)
        assert stage.in_flight() == 0


async def asked(connection: FakeConnection) -> None:
    """Until it has a request to answer."""
    while not connection.asked:
        await connection.arrived.get()
