"""Trouble with the server: told at once, bounded, and without secrets."""

from __future__ import annotations

import asyncio
import traceback

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.errors import SettingsError, StorageError
from telpher.storage.mongo import MongoDatabase
from telpher.storage.mongo.server import PAUSE, Server
from tests.ports import free_ports
from tests.storage.mongod import Mongod

pytestmark = pytest.mark.slow  # a server is started

# Seconds, as the tests wait for the server in trouble: short, for that is all that happens then.
SHORT = 0.3

LONG = 120.0

PASSWORD = "s3cr%20t-w0rd"
MEANT = "s3cr t-w0rd"


def away(login: str = "") -> str:
    return f"mongodb://{login}127.0.0.1:{free_ports()}/films"


async def told(database: MongoDatabase) -> str:
    """What a call that fails says, with everything behind it."""
    with pytest.raises(StorageError) as caught:
        await database.ping()
    return "".join(traceback.format_exception(caught.value))


async def test_entering_does_not_fail_when_the_server_is_away():
    async with MongoDatabase(away(), FakeClock(), SHORT) as database:
        assert database.status().status == "unreachable"
        with pytest.raises(StorageError):
            await database.users.get(1)


async def test_it_answers_once_the_server_is_there(mortal: Mongod):
    async with MongoDatabase(f"{mortal.url}/films", FakeClock(), SHORT) as database:
        assert database.status().status == "unreachable"
        mortal.start()
        await _answers(database)
        assert database.status().status == "connected"
        await asyncio.wait_for(database.prepared(), LONG)
        assert await database.values.get("epoch") is None


async def test_a_server_that_is_killed_and_comes_back(mortal: Mongod):
    mortal.start()
    async with MongoDatabase(f"{mortal.url}/films", FakeClock(), LONG) as database:
        await database.values.put("epoch", b"7", 5.0)
        mortal.stop()
        mortal.start()
        await _answers(database)
        assert (await database.values.get("epoch")).data == b"7"
    clock = FakeClock()
    async with MongoDatabase(f"{mortal.url}/films", clock, SHORT) as database:
        await _answers(database)
        mortal.kill()
        with pytest.raises(StorageError):
            await database.ping()
        assert database.status().status == "unreachable"
        mortal.start()
        await _answers(database)
        assert database.status().status == "connected"


async def test_a_server_that_hangs_is_given_up(mortal: Mongod):
    mortal.start()
    async with MongoDatabase(f"{mortal.url}/films", FakeClock(), SHORT) as database:
        await _answers(database)
        mortal.freeze()
        await _fails(database)
        assert database.status().status == "unreachable"
        mortal.thaw()
        await _answers(database)


async def test_in_trouble_one_waits_and_everybody_else_is_refused_at_once():
    clock = FakeClock()
    server = Server(away(), clock, SHORT)
    server.open()
    try:
        with capture_logs() as logs:
            assert await _asked(server)
            # None of these waits for anything: a task that never gives way runs to its end at once.
            refused = [_at_once(server) for _ in range(1000)]
            assert all("away" in each for each in refused)
            clock.advance(PAUSE)
            assert await _asked(server)
        assert [entry["event"] for entry in logs] == ["the database is away"]
    finally:
        await server.close()


async def test_trouble_and_its_end_are_told_once(mortal: Mongod):
    clock = FakeClock()
    with capture_logs() as logs:
        async with MongoDatabase(f"{mortal.url}/films", clock, SHORT) as database:
            for _ in range(3):
                with pytest.raises(StorageError):
                    await database.ping()
            mortal.start()
            await _answers(database)
            await database.ping()
            await asyncio.wait_for(database.prepared(), LONG)
    events = [entry["event"] for entry in logs]
    assert events == ["the database is away", "the database is back"]


async def test_what_the_server_rejects_is_no_trouble(database: MongoDatabase):
    with pytest.raises(StorageError, match="too large"):
        await database.values.put("banner", bytes(17 << 20), 1.0)
    assert database.status().status == "connected"
    assert await database.values.get("banner") is None


async def test_a_call_that_is_cancelled_harms_nobody(database: MongoDatabase):
    task = asyncio.create_task(database.users.get(1))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.status().status == "connected"
    assert await database.users.get(1) is None


async def test_a_password_is_never_told_when_the_server_is_away():
    with capture_logs() as logs:
        async with MongoDatabase(away(f"ann:{PASSWORD}@"), FakeClock(), SHORT) as database:
            _assert_silent(await told(database))
    assert logs
    _assert_silent(str(logs))


async def test_a_password_is_never_told_when_it_is_refused(mongo_server: str):
    url = mongo_server.replace("://", f"://ann:{PASSWORD}@") + "/films"
    with capture_logs() as logs:
        async with MongoDatabase(url, FakeClock(), LONG) as database:
            assert database.status().status == "unreachable"
            with pytest.raises(StorageError):
                await database.users.get(1)
    assert "uthentication failed" in str(logs)
    _assert_silent(str(logs))


@pytest.mark.parametrize(
    "url",
    [
        f"mongodb://us@er:{PASSWORD}@host/",
        f"http://ann:{PASSWORD}@host/",
        f"mongodb://ann:{PASSWORD}@host:99999/",
        f"mongodb://ann:{PASSWORD}@host/?tls={PASSWORD}",
        "",
    ],
)
async def test_a_wrong_url_is_a_wrong_setting_and_is_not_quoted(url: str):
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        async with MongoDatabase(url, FakeClock(), SHORT):
            pass
    _assert_silent("".join(traceback.format_exception(caught.value)))


def _assert_silent(text: str) -> None:
    assert PASSWORD not in text
    assert MEANT not in text


async def _answers(database: MongoDatabase) -> None:
    """Waits until it does."""
    async with asyncio.timeout(LONG):
        while True:
            try:
                await database.ping()
                return
            except StorageError:
                await asyncio.sleep(0)


async def _fails(database: MongoDatabase) -> None:
    """Waits until it does not: a thread that was not stopped yet may still answer."""
    async with asyncio.timeout(LONG):
        while True:
            try:
                await database.ping()
            except StorageError:
                return


async def _asked(server: Server) -> bool:
    """Whether a call went as far as to the driver."""
    with pytest.raises(StorageError) as caught:
        async with server.asking() as collections:
            await collections.command("ping")
    return caught.value.__cause__ is not None


def _at_once(server: Server) -> str:
    async def ask() -> None:
        async with server.asking():
            raise AssertionError("it was not refused")

    with pytest.raises(StorageError) as caught:
        ask().send(None)
    return str(caught.value)
