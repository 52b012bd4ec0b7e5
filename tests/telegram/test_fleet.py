"""Scheduler, lanes and keepers together, over connections that answer when told."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import FakeClock
from telpher.core.demand import Demand, Urgency
from telpher.core.model import FoundFile, Location, MessageRef, SmallSize
from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    MigrateError,
    ReferenceExpiredError,
    RequestRejectedError,
    TelegramUnavailableError,
    ThrottledError,
)
from telpher.telegram.fleet import Fleet
from telpher.telegram.locations import Retention
from telpher.telegram.sources import Sources
from telpher.telegram.timing import Timing
from tests.telegram.fakes import FakeConnector
from tests.telegram.test_sources import COPY, INFO, REF, Bot, Copies

KIB = 1024
MIB = 1024 * KIB
QUICK = Timing(backoff_first=0.0, backoff_most=0.0, media_backoff_most=0.0)


class Account(Bot):
    """A bot with connections of its own."""

    def __init__(self, user_id: int, *sees: MessageRef) -> None:
        super().__init__(user_id, *sees)
        self.connector = FakeConnector()


class Stage:
    def __init__(self, tasks: asyncio.TaskGroup) -> None:

        self.clock = FakeClock()
        self.main, self.extra = Account(1, REF, COPY), Account(2, COPY)
        accounts = [self.main, self.extra]
        self.copies = Copies()
        sources = Sources(accounts, self.copies, Retention(), self.clock, tasks)
        self.fleet = Fleet(accounts, sources, self.clock, QUICK, tasks)

    def fetch(self, offset: int = 0, limit: int = MIB, urgency: Urgency = Urgency.HEAD):
        demand = Demand()
        demand.want("a", urgency)
        fetching = self.fleet.get_chunk(REF, INFO, offset, limit, demand)
        return asyncio.ensure_future(fetching)  # its errors are the test's, not the group's

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)


@pytest.fixture
async def stage():
    async with asyncio.TaskGroup() as tasks:
        stage = Stage(tasks)
        yield stage
        await stage.fleet.close()


async def first_of(connector: FakeConnector):
    """The next connection it opens, once something is asked of it."""
    connection = await connector.news.get()
    await connection.arrived.get()
    return connection


async def answer_all(stage: Stage) -> None:
    """Answers until nothing more is asked: a chunk that failed comes in pieces, over several."""
    await stage.settle()
    while asked := [
        connection
        for account in (stage.main, stage.extra)
        for connection in account.connector.opened
        if connection.asked
    ]:
        for connection in asked:
            await connection.answer_all()
        await stage.settle()


async def test_a_connection_is_opened_when_it_is_needed(stage):
    assert stage.main.connector.attempts == 0
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.answer()
    assert len(await fetch) == MIB
    assert connection.dc == 4


async def test_connections_grow_while_demand_is_unmet_up_to_four(stage):
    fetches = [stage.fetch(n * MIB) for n in range(6)]
    await stage.settle()
    assert len(stage.main.connector.opened) == 4
    for connection in stage.main.connector.opened:
        connection.answer()
    await stage.settle()
    for connection in stage.main.connector.opened:
        if connection.asked:
            connection.answer()
    assert [len(await each) for each in fetches] == [MIB] * 6
    assert len({slot for slot in stage.main.connector.slots}) == 4


async def test_no_connection_to_be_had_is_told_to_who_waits(stage):
    stage.main.connector.refusals.append(TelegramUnavailableError("refused"))
    fetch = stage.fetch()
    with pytest.raises(TelegramUnavailableError):
        await fetch
    again = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.answer()
    assert len(await again) == MIB


async def test_a_file_that_moved_is_fetched_where_it_is_and_remembered(stage):
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.fail(MigrateError(5))
    other = await first_of(stage.main.connector)
    await answer_all(stage)
    assert (other.dc, len(await fetch)) == (5, MIB)
    second = stage.fetch(MIB)
    await answer_all(stage)
    assert len(await second) == MIB
    assert [each.dc for each in stage.main.connector.opened].count(4) == 1


async def test_migration_in_a_circle_is_given_up(stage):
    fetch = stage.fetch()
    for dc in (5, 4):
        connection = await first_of(stage.main.connector)
        connection.fail(MigrateError(dc))
    await stage.main.connector.opened[0].arrived.get()
    await stage.settle()
    stage.main.connector.opened[0].fail(MigrateError(5))
    with pytest.raises(MigrateError):
        await fetch


async def test_a_lost_login_is_renewed_once(stage):
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.fail(AuthorisationLostError("401"))
    second = await first_of(stage.main.connector)
    assert stage.main.connector.forgotten == [4]
    second.fail(AuthorisationLostError("401"))
    with pytest.raises(TelegramUnavailableError):
        await fetch


async def test_an_expired_reference_is_refreshed_once_for_all_readers(stage):
    fetches = [stage.fetch(n * 64 * KIB, 64 * KIB) for n in range(3)]
    connection = await first_of(stage.main.connector)
    await stage.settle()
    asked = len(stage.main.asked)
    while connection.asked:
        connection.fail(ReferenceExpiredError())
    await stage.settle()
    while connection.asked:
        connection.answer()
    assert [len(await each) for each in fetches] == [64 * KIB] * 3
    assert len(stage.main.asked) == asked + 1


@pytest.mark.parametrize(
    "error",
    [
        RequestRejectedError("CHANNEL_PRIVATE"),
        ChunkTimeoutError("no answer"),
        ThrottledError("-429"),
    ],
)
async def test_what_one_bot_cannot_bring_the_other_brings_at_once(stage, error):
    stage.copies[REF] = COPY
    await stage.fleet.find_file(REF)
    warm = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.answer()
    await warm  # beside it the extra bot has looked up the copy
    fetch = stage.fetch(MIB)
    await connection.arrived.get()
    connection.fail(error)
    await first_of(stage.extra.connector)
    await answer_all(stage)
    assert len(await fetch) == MIB


async def test_a_lost_connection_is_followed_by_the_next_at_once(stage):
    warm = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.answer()
    await warm
    fetch = stage.fetch(MIB)
    await connection.arrived.get()
    connection.fail(TelegramUnavailableError("reset"))
    await first_of(stage.main.connector)
    await answer_all(stage)
    assert len(await fetch) == MIB


async def test_a_connection_that_never_was_good_is_for_the_engine_to_wait_out(stage):
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.fail(TelegramUnavailableError("reset"))
    with pytest.raises(TelegramUnavailableError):
        await fetch


async def test_a_bot_that_gets_no_connection_leaves_it_to_the_other(stage):
    stage.copies[REF] = COPY
    await stage.fleet._sources.of(REF, INFO, ())
    await stage.settle()
    stage.main.connector.refusals = [RequestRejectedError("AUTH_BYTES_INVALID")]
    fetch = stage.fetch()
    await first_of(stage.extra.connector)
    await answer_all(stage)
    assert len(await fetch) == MIB


async def test_what_cannot_be_mended_is_raised(stage):
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.fail(RequestRejectedError("FILE_ID_INVALID"))
    with pytest.raises(RequestRejectedError):
        await fetch


async def test_closed_it_closes_every_connection_and_fetches_nothing(stage):
    fetch = stage.fetch()
    connection = await first_of(stage.main.connector)
    connection.answer()
    await fetch
    await stage.fleet.close()
    assert connection.closed == 1
    with pytest.raises(TelegramUnavailableError):
        await stage.fetch()


async def test_closing_fails_what_is_in_flight(stage):
    fetch = stage.fetch()
    await first_of(stage.main.connector)
    await stage.fleet.close()
    with pytest.raises(TelegramUnavailableError):
        await fetch


async def test_find_file_tells_of_the_file(stage):
    assert (await stage.fleet.find_file(REF)) == INFO
    assert stage.fleet.known_files == 1
    assert isinstance(await stage.main.find_file(REF), FoundFile)
    assert Location


@pytest.mark.parametrize(
    ("size", "limit"), [(1, 64), (64 * KIB, 64), (64 * KIB + 1, 128), (MIB, 1024), (5 * MIB, 1024)]
)
async def test_a_thumbnail_is_asked_for_by_its_name_and_in_one_call(stage, size, limit):
    demand = Demand()
    small = SmallSize("m", size)
    fetching = asyncio.ensure_future(stage.fleet.get_thumbnail(REF, INFO, small, demand))
    connection = await first_of(stage.main.connector)
    assert connection.asked[0][:2] == (0, limit * KIB)
    (location,) = connection.locations
    assert (location.document_id, location.thumb_size) == (INFO.document_id, "m")
    connection.answer()
    await fetching


async def test_a_thumbnails_reference_is_refreshed_as_a_files(stage):
    small = SmallSize("m", 1000)
    fetching = asyncio.ensure_future(stage.fleet.get_thumbnail(REF, INFO, small, Demand()))
    connection = await first_of(stage.main.connector)
    connection.fail(ReferenceExpiredError("expired"))
    await answer_all(stage)
    assert await fetching
    first, second = connection.locations
    assert first.file_reference != second.file_reference
    assert second.thumb_size == "m"
