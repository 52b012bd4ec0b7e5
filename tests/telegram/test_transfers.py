"""What an account replays by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from telpher.clock import FakeClock
from telpher.errors import (
    AuthorisationLostError,
    FloodWaitError,
    MigrateError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.telegram import transfers
from telpher.telegram.timing import Timing
from telpher.telegram.transfers import Transfers
from tests.telegram.fakes import FakeConnector, location


class ScriptedConnector(FakeConnector):
    """Its connections answer by a script per data centre, then with bytes; `asked` says where."""

    def __init__(self, script: dict[int, list[TelegramError]]) -> None:
        super().__init__()
        self.script = script
        self.asked: list[int] = []

    async def open(self, dc: int):
        connection = await super().open(dc)

        async def get_chunk(_location: object, _offset: int, limit: int, _: float) -> bytes:
            self.asked.append(dc)
            if self.script.get(dc):
                raise self.script[dc].pop(0)
            return bytes(limit)

        connection.get_chunk = get_chunk  # type: ignore[method-assign]
        return connection


@contextlib.asynccontextmanager
async def running(**script: list[TelegramError]) -> AsyncIterator[tuple[Transfers, FakeConnector]]:
    connector = ScriptedConnector({int(dc[2:]): errors for dc, errors in script.items()})
    subject = Transfers(connector, FakeClock(), Timing(backoff_first=0.001))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        task = group.create_task(subject.run())
        await asyncio.sleep(0)
        yield subject, connector
        task.cancel()


async def test_a_migration_is_followed_once_and_remembered() -> None:
    async with running(dc4=[MigrateError(5)]) as (subject, connector):
        for _ in range(2):
            assert await subject.get_chunk(location(dc=4), 0, 10) == bytes(10)
        assert connector.asked == [4, 5, 5]
        assert subject.connections() == {4: 1, 5: 1}
        # Other documents are asked for where they say they are.
        await subject.get_chunk(location(document_id=2, dc=4), 0, 10)
        assert connector.asked[-1] == 4


async def test_a_second_migration_goes_to_the_engine() -> None:
    async with running(dc4=[MigrateError(5)], dc5=[MigrateError(4)]) as (subject, _):
        with pytest.raises(MigrateError):
            await subject.get_chunk(location(dc=4), 0, 10)


async def test_a_lost_login_is_renewed_once() -> None:
    lost = AuthorisationLostError("gone")
    async with running(dc4=[lost]) as (subject, connector):
        assert await subject.get_chunk(location(dc=4), 0, 10) == bytes(10)
        assert connector.forgotten == [4]
    async with running(dc4=[lost, lost]) as (subject, connector):
        with pytest.raises(TelegramUnavailableError):
            await subject.get_chunk(location(dc=4), 0, 10)


async def test_other_errors_are_the_engines() -> None:
    async with running(dc4=[FloodWaitError(9)]) as (subject, _):
        with pytest.raises(FloodWaitError):
            await subject.get_chunk(location(dc=4), 0, 10)


async def test_before_and_after_its_time_there_is_no_connection() -> None:
    subject = Transfers(FakeConnector(), FakeClock(), Timing())
    with pytest.raises(TelegramUnavailableError):
        await subject.get_chunk(location(), 0, 10)
    async with running() as (subject, _):
        await subject.get_chunk(location(), 0, 10)
    with pytest.raises(TelegramUnavailableError):
        await subject.get_chunk(location(), 0, 10)


async def test_what_is_remembered_is_bounded() -> None:
    count = transfers.MOST_MOVED + 5
    async with running(dc4=[MigrateError(5)] * count) as (subject, _):
        for number in range(count):
            await subject.get_chunk(location(document_id=number, dc=4), 0, 1)
        assert len(subject._moved) == transfers.MOST_MOVED
