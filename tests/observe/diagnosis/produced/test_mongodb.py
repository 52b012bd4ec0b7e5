"""A MongoDB that is away, slow, closed, or not to be entered."""

import asyncio
import contextlib

import pymongo
import pytest

from telpher.clock import FakeClock
from telpher.errors import StorageError
from telpher.storage.mongo import MongoDatabase
from telpher.storage.mongo.server import PAUSE
from tests.observe.diagnosis.produced.certificates import certificate, server_side
from tests.observe.diagnosis.produced.conftest import PATIENCE
from tests.observe.diagnosis.produced.test_network import listening
from tests.ports import free_ports
from tests.storage.mongod import Mongod

pytestmark = pytest.mark.slow  # servers are started

# Seconds: where there is an answer it is waited for. Of the short time the driver takes nine tenths
# and looks at its watch each half second, so it says what is wrong after three.
SHORT, LONG = 3.3, 20.0


@contextlib.contextmanager
def mongod(tmp_path, *options):
    server = Mongod(str(tmp_path / "mongo"), log=tmp_path / "log", options=options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


# What is said while nothing is known.
UNTOLD = ("TimeoutError: no answer in time", "the database is away")


async def failing(url: str, patience: float = SHORT, ask=MongoDatabase.ping) -> StorageError:
    """What asking there ends with, as soon as the driver tells more than that time is up."""
    clock = FakeClock()
    async with MongoDatabase(url, clock, patience) as database, asyncio.timeout(PATIENCE):
        while True:
            clock.advance(PAUSE)
            with pytest.raises(StorageError) as caught:
                await ask(database)
            if str(caught.value) not in UNTOLD:
                return caught.value


async def write(database: MongoDatabase) -> None:
    await database.values.put("anything", b"7", 1.0)


@pytest.mark.produces("mongodb-refused")
async def test_nobody_listens(diagnosed):
    diagnosed(await failing(f"mongodb://127.0.0.1:{free_ports()}/films"))


@pytest.mark.produces("mongodb-host-unknown")
async def test_a_host_that_nobody_knows(diagnosed):
    diagnosed(await failing("mongodb://films.invalid/films"))


@pytest.mark.produces("mongodb-away")
async def test_a_server_that_hangs_up(diagnosed):
    async with listening(lambda writer: writer.close()) as port:
        diagnosed(await failing(f"mongodb://127.0.0.1:{port}/films"))


@pytest.mark.produces("mongodb-slow")
async def test_a_server_that_hangs(tmp_path, diagnosed):
    with mongod(tmp_path) as server:
        server.freeze()
        async with MongoDatabase(f"{server.url}/films", FakeClock(), 0.3) as database:
            with pytest.raises(StorageError) as caught:
                await database.ping()
        diagnosed(caught.value)


@pytest.mark.produces("mongodb-tls")
async def test_a_certificate_that_is_not_trusted(tmp_path, diagnosed):
    async with listening(context=server_side(certificate(tmp_path))) as port:
        diagnosed(await failing(f"mongodb://localhost:{port}/films?tls=true"))


@pytest.mark.produces("mongodb-login-refused", "mongodb-not-allowed")
async def test_doors_that_stay_closed(tmp_path, diagnosed):
    with mongod(tmp_path) as server, pymongo.MongoClient(server.url) as client:
        client.admin.command("createUser", "ann", pwd="right", roles=["root"])
        client.close()
        server.stop()
    with mongod(tmp_path, "--auth") as server:
        place = server.url.partition("://")[2]
        diagnosed(await failing(f"mongodb://ann:wrong@{place}/films?authSource=admin", LONG))
        diagnosed(await failing(f"{server.url}/films", LONG, write))


def fail(server: Mongod, command: str, code: int, message: str) -> None:
    """Has the server refuse a command from now on."""
    refusal = {"failCommands": [command], "errorCode": code, "errorMessage": message}
    with pymongo.MongoClient(server.url) as client:
        client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=refusal)


@pytest.mark.produces("mongodb-not-primary", "mongodb-full")
async def test_a_server_that_takes_nothing(tmp_path, diagnosed):
    with mongod(tmp_path, "--enable-test-commands") as server:
        fail(server, "ping", 10107, "not primary")
        diagnosed(await failing(f"{server.url}/films", LONG))
        fail(server, "update", 14031, "out of disk space")
        diagnosed(await failing(f"{server.url}/films", LONG, write))


@pytest.mark.produces("mongodb-duplicates")
async def test_two_of_one_id(tmp_path, diagnosed):
    with mongod(tmp_path) as server, pymongo.MongoClient(server.url) as client:
        client.films.users.insert_one({"_id": 1})
        with pytest.raises(pymongo.errors.DuplicateKeyError) as caught:
            client.films.users.insert_one({"_id": 1})
    diagnosed(caught.value)
