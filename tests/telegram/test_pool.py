"""The pool with connections made by hand: queueing, failing, leaving, reopening."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from telpher.clock import FakeClock
from telpher.core.window import START
from telpher.errors import (
    AuthorisationLostError,
    ChunkTimeoutError,
    FloodWaitError,
    ReferenceExpiredError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram.assignment import MOST_TIMEOUTS
from telpher.telegram.pool import Pool
from telpher.telegram.timing import Timing
from tests.telegram.fakes import FakeConnection, FakeConnector, location

KIB = 1 << 10
MIB = 1 << 20
QUICK = Timing(backoff_first=0.001, media_backoff_most=0.01)


class Scene:
    def __init__(self, connector: FakeConnector, pool: Pool, group: asyncio.TaskGroup) -> None:
        self.connector = connector
        self.pool = pool
        self._group = group

    def fetch(self, offset: int = 0, limit: int = 64 * KIB) -> asyncio.Task[bytes]:
        return self._group.create_task(self._fetch(offset, limit))

    async def _fetch(self, offset: int, limit: int) -> bytes | TelegramError:
        try:
            return await self.pool.fetch(location(), offset, limit)
        except TelegramError as error:
            return error

    async def connection(self) -> FakeConnection:
        return await self.connector.news.get()


@contextlib.asynccontextmanager
async def scene(
    *refusals: TelegramError, clock: FakeClock | None = None, timing: Timing = QUICK
) -> AsyncIterator[Scene]:
    connector = FakeConnector(*refusals)
    pool = Pool(4, connector, clock or FakeClock(), timing)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(pool.run())
        yield Scene(connector, pool, group)
        running.cancel()


async def test_the_first_chunk_opens_a_connection_and_the_next_uses_it() -> None:
    async with scene() as play:
        assert play.pool.connections == 0
        for _ in range(3):
            chunk = play.fetch()
            if not play.connector.opened:
                connection = await play.connection()
            await connection.arrived.get()
            connection.answer()
            assert await chunk == bytes(64 * KIB)
        assert play.pool.connections == 1
        assert play.connector.attempts == 1
    assert connection.closed


async def test_no_more_is_in_flight_than_the_window_holds() -> None:
    async with scene() as play:
        chunks = [play.fetch(n, START // 2) for n in range(5)]
        connection = await play.connection()
        for expected in range(5):
            assert await connection.arrived.get() == expected
            if expected:
                assert len(connection.asked) == 2
                assert connection.arrived.empty()
                connection.answer()
        connection.answer()
        assert [len(await chunk) for chunk in chunks] == [START // 2] * 5


async def test_who_waits_and_leaves_is_never_sent() -> None:
    async with scene() as play:
        first = play.fetch(0, MIB)
        waiting = play.fetch(1, MIB)
        last = play.fetch(2, MIB)
        connection = await play.connection()
        assert await connection.arrived.get() == 0
        waiting.cancel()
        connection.answer()
        assert await connection.arrived.get() == 2
        connection.answer()
        await asyncio.gather(first, last)
    assert connection.cancelled == 0


async def test_who_leaves_in_flight_makes_room() -> None:
    async with scene() as play:
        first = play.fetch(0, MIB)
        second = play.fetch(1, MIB)
        connection = await play.connection()
        assert await connection.arrived.get() == 0
        first.cancel()
        assert await connection.arrived.get() == 1
        connection.answer()
        assert await second == bytes(MIB)
    assert connection.cancelled == 1


async def test_who_leaves_at_the_moment_of_being_assigned_makes_room() -> None:
    async with scene() as play, asyncio.TaskGroup() as group:
        second: asyncio.Task[bytes]

        async def fetch_and_cancel() -> None:
            # When this returns the second has its place, but its task has not run yet.
            await play.pool.fetch(location(), 0, MIB)
            second.cancel()

        group.create_task(fetch_and_cancel())
        await asyncio.sleep(0)
        second, third = play.fetch(1, MIB), play.fetch(2, MIB)
        connection = await play.connection()
        await connection.arrived.get()
        connection.answer()
        assert await connection.arrived.get() == 2
        connection.answer()
        assert await third == bytes(MIB)
    assert connection.cancelled == 0


async def test_a_failed_opening_is_told_to_all_who_wait_and_tried_again() -> None:
    refusal = TelegramUnavailableError("refused")
    async with scene(refusal, refusal) as play:
        first, second = play.fetch(), play.fetch()
        assert await first is refusal
        assert await second is refusal
        assert await play.fetch() is refusal
        chunk = play.fetch()
        connection = await play.connection()
        await connection.arrived.get()
        connection.answer()
        assert await chunk == bytes(64 * KIB)
        assert play.connector.attempts == 3


async def test_a_flood_wait_is_told_to_all_who_wait_and_remembered() -> None:
    clock = FakeClock()
    async with scene(clock=clock) as play:
        chunks = [play.fetch(n, MIB) for n in range(3)]
        connection = await play.connection()
        await connection.arrived.get()
        connection.fail(FloodWaitError(30))
        for chunk in [*chunks, play.fetch()]:
            error = await chunk
            assert isinstance(error, FloodWaitError)
            assert error.seconds == 30
        assert play.pool.flood_left == 30
        clock.advance(30)
        chunk = play.fetch()
        await connection.arrived.get()
        connection.answer()
        assert await chunk == bytes(64 * KIB)


@pytest.mark.parametrize(
    ("error", "replaced"),
    [
        (TelegramUnavailableError("reset"), True),
        (AuthorisationLostError("gone"), True),
        (ReferenceExpiredError("old"), False),
        (ChunkTimeoutError("late"), False),
    ],
)
async def test_a_connection_is_replaced_when_it_is_to_blame(
    error: TelegramError, replaced: bool
) -> None:
    async with scene() as play:
        failing = play.fetch()
        connection = await play.connection()
        await connection.arrived.get()
        connection.fail(error)
        assert await failing is error
        chunk = play.fetch()
        if replaced:
            connection = await play.connection()
        await connection.arrived.get()
        connection.answer()
        assert await chunk == bytes(64 * KIB)
        assert [one.closed for one in play.connector.opened] == ([1, 0] if replaced else [0])
        assert play.connector.forgotten == ([4] if "gone" in str(error) else [])


async def test_a_lost_login_is_forgotten_once_however_many_find_out() -> None:
    async with scene() as play:
        chunks = [play.fetch(n) for n in range(4)]
        connection = await play.connection()
        for _ in chunks:
            await connection.arrived.get()
        for _ in chunks:
            connection.fail(AuthorisationLostError("gone"))
        await asyncio.gather(*chunks)
        assert play.connector.forgotten == [4]


async def test_a_connection_that_never_answers_is_replaced() -> None:
    async with scene() as play:
        chunk = play.fetch()
        silent = await play.connection()
        for _ in range(MOST_TIMEOUTS):
            await silent.arrived.get()
            silent.fail(ChunkTimeoutError("late"))
            await chunk
            chunk = play.fetch()
        fresh = await play.connection()
        await fresh.arrived.get()
        fresh.answer()
        assert await chunk == bytes(64 * KIB)
        assert silent.closed == 1


async def test_a_connection_lost_while_idle_is_noticed_and_replaced() -> None:
    async with scene() as play:
        chunk = play.fetch()
        connection = await play.connection()
        await connection.arrived.get()
        connection.answer()
        await chunk
        connection.alive = False
        assert play.pool.connections == 0
        chunk = play.fetch()
        fresh = await play.connection()
        await fresh.arrived.get()
        fresh.answer()
        assert await chunk == bytes(64 * KIB)


async def test_idle_connections_are_pinged_and_given_up_when_deaf() -> None:
    async with scene(timing=Timing(ping=0.001)) as play:
        chunk = play.fetch()
        connection = await play.connection()
        await connection.arrived.get()
        connection.deaf = True
        connection.answer()
        await chunk
        await connection.gone.wait()
        assert connection.pings == 1
        assert play.pool.connections == 0


async def test_after_the_end_nobody_waits_for_ever() -> None:
    async with scene() as play:
        waiting = [play.fetch(n, MIB) for n in range(3)]
        connection = await play.connection()
        await connection.arrived.get()
    for chunk in waiting:
        assert isinstance(chunk.result(), TelegramUnavailableError)
    assert connection.closed
    with pytest.raises(TelegramUnavailableError):
        await play.pool.fetch(location(), 0, 1)
