"""When a connection follows one that was lost: at once, or after a pause that grows."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.core.demand import Demand
from telpher.errors import (
    AuthorisationLostError,
    FloodWaitError,
    KeyDuplicatedError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.keeper import Keeper
from telpher.telegram.lane import Lane
from telpher.telegram.scheduler import Scheduler
from telpher.telegram.timing import Timing
from tests.telegram.fakes import FakeConnector, settle

KIB = 1024
TIMING = Timing(backoff_first=1.0, media_backoff_most=4.0)


class Stage:
    """One lane whose connections do what the test says; the keeper's pauses take no time, unless
    `pausing` is cleared."""

    def __init__(self, tasks: asyncio.TaskGroup, *refusals: Exception) -> None:
        self.lane = Lane(7, 4, FakeClock())
        self.scheduler = Scheduler(lambda _: self.lane, lambda _: self.keeper.wake())
        self.connector = FakeConnector(*refusals)
        self.pauses: list[float] = []
        self.pausing = asyncio.Event()
        self.pausing.set()
        self.keeper = Keeper(self.lane, self.scheduler, self.connector, TIMING, self._sleep)
        self.running = tasks.create_task(self.keeper.run())

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)
        await self.pausing.wait()

    async def lose(self, error: Exception, *, proved: bool = True) -> None:
        """A call that goes out, after a good one, and fails."""
        if proved:
            place = await self.scheduler.place([7], 64 * KIB, Demand())
            self.lane.succeeded(place.link, place.ticket, 0.1)
            self.scheduler.free(place)
        place = await self.scheduler.place([7], 64 * KIB, Demand())
        self.scheduler.failed(place, error)
        self.scheduler.free(place)


@pytest.fixture
async def tasks():
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
async def stage(tasks):
    stage = Stage(tasks)
    yield stage
    stage.running.cancel()


async def replaced(stage: Stage, *errors: Exception, proved: bool = True) -> list[float]:
    """The pauses before the connections that follow."""
    for error in errors:
        await stage.lose(error, proved=proved)
    place = await stage.scheduler.place([7], 64 * KIB, Demand())
    stage.scheduler.free(place)
    return stage.pauses


@pytest.mark.parametrize(
    "error", [TelegramUnavailableError("reset"), AuthorisationLostError("401")]
)
async def test_one_that_was_good_is_replaced_at_once(stage, error):
    assert await replaced(stage, error, error, error) == []


async def test_one_that_came_to_nothing_is_replaced_after_growing_pauses(stage):
    errors = [TelegramUnavailableError("reset")] * 4
    assert await replaced(stage, *errors, proved=False) == [1, 2, 4, 4]


async def test_a_login_that_is_over_is_mended_at_once_but_not_again_and_again(stage):
    """A connection with a login that exists shows only with its first chunk that it is over."""
    errors = [AuthorisationLostError("401")] * 3
    assert await replaced(stage, *errors, proved=False) == [1, 2]
    stage.pauses.clear()
    lost = TelegramUnavailableError("reset")
    assert await replaced(stage, lost, proved=True) == []
    assert await replaced(stage, AuthorisationLostError("401"), proved=False) == []


@pytest.mark.parametrize("kind", [ThrottledError, KeyDuplicatedError])
async def test_what_asks_for_calm_is_answered_with_growing_pauses(stage, kind):
    assert await replaced(stage, kind("-429"), kind("-429"), kind("-429")) == [1, 2, 4]
    stage.pauses.clear()
    await replaced(stage, TelegramUnavailableError("reset"), kind("-429"))
    assert stage.pauses == [1]


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (AuthorisationLostError("AUTH_KEY_UNREGISTERED"), "warning"),
        (KeyDuplicatedError("AUTH_KEY_DUPLICATED"), "error"),
    ],
)
async def test_a_lost_login_is_forgotten_and_told_of(stage, error, level):
    with capture_logs() as logs:
        await replaced(stage, error)
    assert stage.connector.forgotten == [4]
    assert [(each["log_level"], each["problem"]) for each in logs] == [(level, str(error))]


async def test_a_login_that_has_to_wait_is_not_tried_until_then(tasks):
    stage = Stage(tasks, FloodWaitError(300))
    with pytest.raises(FloodWaitError):
        await stage.scheduler.place([7], 64 * KIB, Demand())
    for _ in range(3):
        with pytest.raises(FloodWaitError):
            await stage.scheduler.place([7], 64 * KIB, Demand())
        await settle()
    assert stage.connector.attempts == 1
    stage.lane.clock.advance(300)
    stage.scheduler.free(await stage.scheduler.place([7], 64 * KIB, Demand()))
    assert stage.connector.attempts == 2
    stage.running.cancel()


async def test_a_connection_is_used_before_its_login_is_settled(stage):
    stage.connector.login = asyncio.Event()
    place = await stage.scheduler.place([7], 64 * KIB, Demand())
    assert stage.lane.links == [place.link]
    assert not stage.lane.opening
    stage.scheduler.free(place)
    stage.connector.login.set()
    await settle()
    assert stage.lane.links == [place.link]


async def test_one_whose_login_comes_to_nothing_is_closed_and_another_opened_later(stage):
    stage.connector.login = asyncio.Event()
    stage.connector.refusals.append(TelegramUnavailableError("no login"))
    place = await stage.scheduler.place([7], 64 * KIB, Demand())
    stage.scheduler.free(place)
    stage.connector.login.set()
    await settle()
    assert stage.lane.links == []
    assert place.link.connection.closed == 1
    assert stage.pauses == [1.0]
    again = await stage.scheduler.place([7], 64 * KIB, Demand())
    assert again.link is not place.link
    stage.scheduler.free(again)


async def test_no_other_is_opened_before_the_pause_after_such_a_login_is_over(stage):
    stage.connector.login = asyncio.Event()
    stage.connector.refusals.append(TelegramUnavailableError("no login"))
    stage.scheduler.free(await stage.scheduler.place([7], 64 * KIB, Demand()))
    stage.pausing.clear()
    stage.connector.login.set()
    await settle()
    waiting = asyncio.create_task(stage.scheduler.place([7], 64 * KIB, Demand()))
    await settle()
    assert stage.connector.attempts == 1
    stage.pausing.set()
    place = await waiting
    assert stage.connector.attempts == 2
    assert not stage.lane.opening
    stage.scheduler.free(place)
