"""The scheduler as a conversation: who asks, which connection carries, what came of it."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.demand import Demand, Urgency
from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    FloodWaitError,
    RequestRejectedError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.lane import Lane
from telpher.telegram.scheduler import Scheduler
from tests.telegram.fakes import FakeConnection, location

KIB = 1024
MIB = 1024 * KIB
HEAD, NEAR, AHEAD = Urgency


class Stage:
    """One data centre, two accounts (1 and 2), connections that answer when told."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.clock = FakeClock()
        self.tasks = tasks
        self.lanes = {account: Lane(account, 4, self.clock) for account in (1, 2)}
        self.woken: list[int] = []
        self.scheduler = Scheduler(
            4, self.clock, self.lanes.__getitem__, lambda lane: self.woken.append(lane.account)
        )

    def connect(self, account: int = 1) -> FakeConnection:
        connection = FakeConnection()
        lane = self.lanes[account]
        lane.add(lane.free_slot(), connection)
        self.scheduler.assign()
        return connection

    def ask(
        self,
        offset: int,
        *,
        limit: int = MIB,
        viewer: str = "a",
        urgency: Urgency = AHEAD,
        accounts: tuple[int, ...] = (1,),
    ) -> tuple[asyncio.Task[memoryview], Demand]:
        demand = Demand()
        demand.want(viewer, urgency)
        where = {account: location(account=account) for account in accounts}
        fetching = self.scheduler.fetch(where, offset, limit, demand)
        return self.tasks.create_task(_quiet(fetching)), demand

    async def settle(self) -> None:
        """Lets everything run that can."""
        for _ in range(20):
            await asyncio.sleep(0)


async def _quiet(fetching):
    try:
        return await fetching
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return error


def offsets(connection: FakeConnection) -> list[int]:
    return [offset for offset, _, _ in connection.asked]


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        yield Stage(tasks)


async def test_a_window_is_filled_and_refilled_without_a_barrier(stage):
    connection = stage.connect()
    fetches = [stage.ask(n * 256 * KIB, limit=256 * KIB)[0] for n in range(4)]
    await stage.settle()
    assert len(connection.asked) == 2  # 512 KiB to begin with
    connection.answer()
    await stage.settle()
    assert len(connection.asked) == 2  # the third went out at once; the second is still there
    for _ in range(3):
        connection.answer()
        await stage.settle()
    assert [len(await fetch) for fetch in fetches] == [256 * KIB] * 4


async def test_what_somebody_waits_for_overtakes_read_ahead(stage):
    connection = stage.connect()
    ahead = [stage.ask(n * MIB)[0] for n in range(3)]
    await stage.settle()
    head, _ = stage.ask(9 * MIB, viewer="b", urgency=HEAD, limit=64 * KIB)
    await stage.settle()
    connection.answer()
    await stage.settle()
    assert offsets(connection)[0] == 9 * MIB
    while connection.asked:
        connection.answer()
        await stage.settle()
    assert [len(await each) for each in (*ahead, head)] == [MIB, MIB, MIB, 64 * KIB]


async def test_read_ahead_that_becomes_urgent_changes_its_place(stage):
    connection = stage.connect()
    first, _ = stage.ask(0)
    await stage.settle()
    second, _ = stage.ask(1 * MIB, viewer="b")
    third, demand = stage.ask(2 * MIB, viewer="c")
    await stage.settle()
    demand.want("c", HEAD)
    connection.answer()
    await stage.settle()
    assert offsets(connection) == [2 * MIB]
    for _ in range(2):
        connection.answer()
        await stage.settle()
    assert [len(await each) for each in (first, second, third)] == [MIB] * 3


async def test_a_large_chunk_is_not_slipped_past_for_ever(stage):
    connection = stage.connect()
    stage.ask(0, limit=512 * KIB)
    await stage.settle()
    stage.ask(1 * MIB, limit=MIB, viewer="b")
    stage.ask(2 * MIB, limit=64 * KIB, viewer="c")
    await stage.settle()
    assert offsets(connection) == [0]
    connection.answer()
    await stage.settle()
    assert offsets(connection) == [1 * MIB]
    connection.answer()
    await stage.settle()
    connection.answer()
    await stage.settle()


async def test_a_connection_is_asked_for_where_there_is_no_room(stage):
    fetch, _ = stage.ask(0)
    await stage.settle()
    assert stage.woken == [1]
    assert stage.lanes[1].unmet
    connection = stage.connect()
    await stage.settle()
    connection.answer()
    assert len(await fetch) == MIB


async def test_the_account_that_is_done_first_carries(stage):
    slow, quick = stage.connect(1), stage.connect(2)
    for account, connection, seconds in ((1, slow, 1.0), (2, quick, 0.1)):
        fetch, _ = stage.ask(0, limit=64 * KIB, accounts=(account,))
        await stage.settle()
        stage.clock.advance(seconds)
        connection.answer()
        await fetch
    fetch, _ = stage.ask(5 * MIB, limit=64 * KIB, accounts=(1, 2))
    await stage.settle()
    assert (offsets(slow), offsets(quick)) == ([], [5 * MIB])
    quick.answer()
    await fetch


async def test_a_flood_wait_moves_the_chunk_to_the_other_account_at_once(stage):
    flooded = stage.connect(1)
    fetch, _ = stage.ask(0, accounts=(1, 2), urgency=HEAD)
    waiting, _ = stage.ask(1 * MIB, accounts=(1, 2))
    await stage.settle()
    flooded.fail(FloodWaitError(300))
    await stage.settle()
    free = stage.connect(2)
    await stage.settle()
    assert offsets(free) == [0]
    free.answer()
    await stage.settle()
    assert offsets(free) == [1 * MIB]
    free.answer()
    assert len(await fetch) == len(await waiting) == MIB


async def test_with_every_lane_flooded_all_are_told_at_once_and_the_next_too(stage):
    connection = stage.connect()
    fetch, _ = stage.ask(0)
    waiting, _ = stage.ask(1 * MIB)
    await stage.settle()
    connection.fail(FloodWaitError(7))
    for each in (fetch, waiting, stage.ask(2 * MIB)[0]):
        error = await each
        assert isinstance(error, FloodWaitError)
        assert error.seconds == 7


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (ThrottledError("-429"), True),
        (TelegramUnavailableError("reset"), True),
        (AuthorisationLostError("401"), True),
        (ChunkTimeoutError("late"), False),
        (RequestRejectedError("CHANNEL_PRIVATE"), False),
    ],
)
async def test_what_an_error_means_for_the_connection(stage, error, lost):
    connection = stage.connect()
    fetch, _ = stage.ask(0)
    await stage.settle()
    link = stage.lanes[1].links[0]
    connection.fail(error)
    raised = await fetch
    assert raised is error
    assert raised.account == 1
    assert stage.lanes[1].discarded == ([link] if lost else [])
    assert stage.woken == ([1] if lost else [])
    assert link.login_lost is isinstance(error, AuthorisationLostError)
    assert link.window.in_flight == 0


async def test_who_leaves_the_queue_leaves_no_trace(stage):
    connection = stage.connect()
    first, _ = stage.ask(0)
    await stage.settle()
    queued, _ = stage.ask(1 * MIB)
    await stage.settle()
    queued.cancel()
    await stage.settle()
    assert stage.scheduler.waiting == 0
    connection.answer()
    await first
    assert connection.asked == []


async def test_who_leaves_in_flight_gives_its_room_back(stage):
    connection = stage.connect()
    first, _ = stage.ask(0)
    second, _ = stage.ask(1 * MIB)
    await stage.settle()
    first.cancel()
    await stage.settle()
    assert connection.cancelled == 1
    assert offsets(connection) == [1 * MIB]
    connection.answer()
    await second


async def test_who_leaves_in_the_turn_it_was_placed_gives_its_room_back(stage):
    first, _ = stage.ask(0)
    await stage.settle()
    connection = stage.connect()  # placed, but not awake yet
    first.cancel()
    await stage.settle()
    assert connection.asked == []
    assert stage.lanes[1].links[0].window.in_flight == 0


async def test_when_no_connection_can_be_opened_those_without_another_are_told(stage):
    alone, _ = stage.ask(0, accounts=(1,))
    both, _ = stage.ask(1 * MIB, accounts=(1, 2))
    await stage.settle()
    other = FakeConnection()
    stage.lanes[2].add(0, other)
    stage.scheduler.refuse(stage.lanes[1], TelegramUnavailableError("refused"))
    assert isinstance(await alone, TelegramUnavailableError)
    stage.scheduler.assign()
    await stage.settle()
    other.answer()
    assert len(await both) == MIB


class TestHedging:
    """Only what somebody waits for, only when late, only with an allowance."""

    async def late(self, stage, urgency=HEAD):
        """Two connections; a chunk on the first that does not come."""
        first, second = stage.connect(), stage.connect()
        for connection in (first, second):
            learned, _ = stage.ask(0, limit=64 * KIB)
            await stage.settle()
            stage.clock.advance(0.001)
            connection.answer()
            await learned
        stage.scheduler._hedges.saved = 1.0
        fetch, demand = stage.ask(5 * MIB, urgency=urgency)
        await stage.settle()
        return fetch, demand, *sorted((first, second), key=lambda each: not each.asked)

    async def test_the_late_head_is_asked_for_again_and_the_first_answer_counts(self, stage):
        fetch, _, late, other = await self.late(stage)
        await other.arrived.get()
        while not other.asked:
            await other.arrived.get()
        assert offsets(other) == [5 * MIB]
        other.answer()
        assert len(await fetch) == MIB
        assert (late.cancelled, late.asked) == (1, [])
        assert (stage.scheduler.counts.hedges, stage.scheduler.counts.hedges_won) == (1, 1)

    async def test_the_late_one_may_still_win(self, stage):
        fetch, _, late, other = await self.late(stage)
        while not other.asked:
            await other.arrived.get()
        late.answer()
        assert len(await fetch) == MIB
        assert other.cancelled == 1
        assert stage.scheduler.counts.hedges_won == 0

    async def test_one_that_fails_leaves_the_other(self, stage):
        fetch, _, late, other = await self.late(stage)
        while not other.asked:
            await other.arrived.get()
        other.fail(RequestRejectedError("ODD"))
        await stage.settle()
        late.answer()
        assert len(await fetch) == MIB

    async def test_when_both_fail_the_last_error_is_raised(self, stage):
        fetch, _, late, other = await self.late(stage)
        while not other.asked:
            await other.arrived.get()
        other.fail(RequestRejectedError("ODD"))
        await stage.settle()
        late.fail(ChunkTimeoutError("late"))
        assert isinstance(await fetch, ChunkTimeoutError)

    async def test_read_ahead_is_hedged_once_it_is_waited_for(self, stage):
        fetch, demand, late, other = await self.late(stage, AHEAD)
        await stage.settle()
        assert other.asked == []
        demand.want("a", HEAD)
        while not other.asked:
            await other.arrived.get()
        other.answer()
        assert len(await fetch) == MIB
        assert late.cancelled == 1

    async def test_without_an_allowance_there_is_none(self, stage):
        fetch, _, late, other = await self.late(stage)
        stage.scheduler._hedges.saved = 0.0
        await stage.settle()
        late.answer()
        assert len(await fetch) == MIB
        assert other.asked == []

    async def test_cancelled_both_are_dropped(self, stage):
        fetch, _, late, other = await self.late(stage)
        while not other.asked:
            await other.arrived.get()
        fetch.cancel()
        await stage.settle()
        assert (late.cancelled, other.cancelled) == (1, 1)
        assert all(link.window.in_flight == 0 for link in stage.lanes[1].links)
