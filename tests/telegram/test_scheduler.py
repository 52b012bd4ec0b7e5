"""The scheduler as a conversation: who asks for a place, who gets which, what is learned."""

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
    TelegramError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.lane import MOST_TIMEOUTS, Lane, Link
from telpher.telegram.scheduler import Place, Scheduler
from tests.telegram.fakes import FakeConnection, demand_of, settle

KIB = 1024
MIB = 1024 * KIB
HEAD, NEAR, AHEAD = Urgency

Asking = asyncio.Task[Place | TelegramError]


class Stage:
    """One data centre and two accounts (1 and 2), with no connection yet."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.clock = FakeClock()
        self.lanes = {account: Lane(account, 4, self.clock) for account in (1, 2)}
        self.changed: list[int] = []
        self.scheduler = Scheduler(
            self.lanes.__getitem__, lambda lane: self.changed.append(lane.account)
        )
        self._tasks = tasks

    def connect(self, account: int = 1) -> Link:
        lane = self.lanes[account]
        link = lane.add(lane.free_slot(), FakeConnection())
        self.scheduler.assign()
        return link

    async def ask(
        self,
        size: int = MIB,
        viewer: str = "a",
        urgency: Urgency = AHEAD,
        accounts: tuple[int, ...] = (1,),
    ) -> Asking:
        return await self.ask_for(demand_of(viewer, urgency), size, accounts)

    async def ask_for(
        self, demand: Demand, size: int = MIB, accounts: tuple[int, ...] = (1,)
    ) -> Asking:
        asking = self._tasks.create_task(self._place(accounts, size, demand))
        await settle()
        return asking

    async def _place(self, accounts, size, demand) -> Place | TelegramError:
        try:
            return await self.scheduler.place(accounts, size, demand)
        except TelegramError as error:
            return error

    async def done(self, asking: Asking, seconds: float = 0.0) -> None:
        """The bytes are there after so long."""
        place = asking.result()
        self.clock.advance(seconds)
        place.lane.succeeded(place.link, place.ticket, seconds)
        self.scheduler.free(place)
        await settle()

    async def fail(self, asking: Asking, error: TelegramError) -> None:
        """The call came to nothing."""
        place = asking.result()
        self.scheduler.failed(place, error)
        self.scheduler.free(place)
        await settle()


def placed(*askings: Asking) -> list[bool]:
    return [asking.done() for asking in askings]


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        yield Stage(tasks)


async def test_a_window_is_filled_and_refilled_without_a_barrier(stage):
    stage.connect()
    asked = [await stage.ask(256 * KIB) for _ in range(4)]
    assert placed(*asked) == [True, True, False, False]  # 512 KiB to begin with
    await stage.done(asked[0])
    assert placed(*asked)[2]  # the third went out at once; the second is still there
    for asking in asked[1:]:
        await stage.done(asking)


async def test_what_somebody_waits_for_overtakes_read_ahead(stage):
    stage.connect()
    first = await stage.ask()
    ahead = await stage.ask()
    head = await stage.ask(64 * KIB, "b", HEAD)
    assert placed(ahead, head) == [False, False]
    await stage.done(first)
    assert head.done()
    await stage.done(head)
    await stage.done(ahead)


async def test_read_ahead_that_becomes_urgent_changes_its_place(stage):
    stage.connect()
    first = await stage.ask()
    second = await stage.ask(viewer="b")
    demand = demand_of("c", AHEAD)
    third = await stage.ask_for(demand)
    demand.want("c", HEAD)
    await stage.done(first)
    assert placed(second, third) == [False, True]
    await stage.done(third)
    await stage.done(second)


async def test_a_large_chunk_is_not_slipped_past_for_ever(stage):
    stage.connect()
    first = await stage.ask(512 * KIB)
    large = await stage.ask(MIB, "b")
    small = await stage.ask(64 * KIB, "c")
    assert placed(large, small) == [False, False]
    await stage.done(first)
    assert large.done()
    await stage.done(large)
    await stage.done(small)


async def test_a_connection_is_asked_for_where_there_is_no_room(stage):
    asking = await stage.ask()
    assert stage.changed == [1]
    assert stage.lanes[1].unmet
    stage.connect()
    await asking
    await stage.done(asking)


async def test_the_account_that_is_done_first_gets_it(stage):
    for account, seconds in ((1, 1.0), (2, 0.1)):
        stage.connect(account)
        await stage.done(await stage.ask(64 * KIB, accounts=(account,)), seconds)
    asking = await stage.ask(64 * KIB, accounts=(1, 2))
    assert asking.result().lane.account == 2
    await stage.done(asking)


class TestFloods:
    """A lane under a flood wait is passed by; nobody queues for nothing but such lanes."""

    async def test_who_has_another_account_waits_for_that(self, stage):
        stage.connect(1)
        first = await stage.ask(accounts=(1, 2))
        waiting = await stage.ask(accounts=(1, 2))
        await stage.fail(first, FloodWaitError(300))
        assert not waiting.done()
        stage.connect(2)
        await waiting
        await stage.done(waiting)

    async def test_with_every_lane_flooded_all_are_told_at_once_and_the_next_too(self, stage):
        stage.connect()
        first = await stage.ask()
        waiting = await stage.ask()
        await stage.fail(first, FloodWaitError(7))
        for asking in (waiting, await stage.ask()):
            error = asking.result()
            assert isinstance(error, FloodWaitError)
            assert error.seconds == 7

    async def test_of_several_floods_the_shortest_is_told(self, stage):
        for account, seconds in ((1, 300), (2, 9)):
            stage.connect(account)
            await stage.fail(await stage.ask(accounts=(account,)), FloodWaitError(seconds))
        assert (await stage.ask(accounts=(1, 2))).result().seconds == 9


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
    link = stage.connect()
    await stage.fail(await stage.ask(), error)
    assert stage.lanes[1].discarded == ([link] if lost else [])
    assert stage.changed == ([1] if lost else [])
    told = isinstance(error, AuthorisationLostError | ThrottledError)  # they matter for the next
    assert link.fault is (error if told else None)
    assert link.window.in_flight == 0


async def test_time_out_after_time_out_costs_the_connection(stage):
    link = stage.connect()
    for _ in range(MOST_TIMEOUTS):
        await stage.fail(await stage.ask(64 * KIB), ChunkTimeoutError("late"))
    assert stage.lanes[1].discarded == [link]


class TestLeaving:
    """A caller that is cancelled leaves nothing behind."""

    async def test_in_the_queue(self, stage):
        stage.connect()
        first = await stage.ask()
        queued = await stage.ask()
        queued.cancel()
        await settle()
        assert stage.scheduler.waiting == 0
        await stage.done(first)

    async def test_in_the_turn_it_was_placed(self, stage):
        asking = await stage.ask()
        link = stage.connect()  # placed, but not awake yet
        assert link.window.in_flight == MIB
        asking.cancel()
        await settle()
        assert link.window.in_flight == 0


async def test_when_no_connection_can_be_opened_those_without_another_are_told(stage):
    alone = await stage.ask(accounts=(1,))
    both = await stage.ask(accounts=(1, 2))
    stage.lanes[2].add(0, FakeConnection())
    stage.scheduler.refuse(stage.lanes[1], TelegramUnavailableError("refused"))
    assert isinstance(await alone, TelegramUnavailableError)
    stage.scheduler.assign()
    await both
    await stage.done(both)


class TestElsewhere:
    """A second place for what is late."""

    async def test_is_never_the_same_connection(self, stage):
        link = stage.connect()
        assert stage.scheduler.elsewhere((1,), MIB, link, lambda: True) is None
        other = stage.connect()
        place = stage.scheduler.elsewhere((1,), MIB, link, lambda: True)
        assert place.link is other
        assert other.window.in_flight == MIB
        stage.scheduler.free(place)

    async def test_is_not_taken_when_it_may_not_be(self, stage):
        link, other = stage.connect(), stage.connect()
        assert stage.scheduler.elsewhere((1,), MIB, link, lambda: False) is None
        assert other.window.in_flight == 0

    async def test_without_room_nobody_is_asked_whether_it_may_be(self, stage):
        asked = []
        assert (
            stage.scheduler.elsewhere((1,), MIB, stage.connect(), lambda: asked.append(1)) is None
        )
        assert asked == []


class JumpingClock(FakeClock):
    """Goes on by a second when it is looked at for the `jump_at`th time."""

    def __init__(self) -> None:
        super().__init__()
        self.jump_at = 0

    def monotonic(self) -> float:
        self.jump_at -= 1
        if self.jump_at == 0:
            self.advance(1)
        return super().monotonic()


@pytest.mark.parametrize("jump_at", range(1, 12))
async def test_a_pause_that_ends_while_it_is_looked_at_is_not_forgotten(jump_at):
    """Whenever it ends, what waits for it goes out: nobody else would see to it."""
    clock = JumpingClock()
    lanes = {account: Lane(account, 4, clock) for account in (1, 2)}
    scheduler = Scheduler(lanes.__getitem__, lambda _: None)
    link = lanes[1].add(0, FakeConnection())
    lanes[1].flooded(link, lanes[1].sent(link, KIB), FloodWaitError(0.01))
    clock.jump_at = jump_at
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(scheduler.place((1, 2), KIB, Demand()))
        await settle()
        clock.advance(1)  # and it is over for everybody who looks from now on
        scheduler.free(await asking)
