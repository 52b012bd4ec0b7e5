"""A MongoDB for the tests of this folder: one server a session, a database for each who asks.

MONGO_TEST_URI names a real one to be used instead; it must be a server of whose databases called
"telpher_test_..." nothing is missed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest

from tests.storage.mongod import Mongod


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server, without a database's name."""
    if real := os.environ.get("MONGO_TEST_URI"):
        yield real
        return
    server = Mongod(log=tmp_path_factory.mktemp("mongod") / "log")
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture
def new_mongo(mongo_server: str) -> Iterator[Callable[[], str]]:
    """Makes URLs of new, empty databases, which are dropped in the end."""
    made: list[str] = []

    def new() -> str:
        made.append(f"telpher_test_{secrets.token_hex(6)}")
        return urlunsplit(urlsplit(mongo_server)._replace(path=f"/{made[-1]}"))

    yield new
    if made:
        with pymongo.MongoClient(mongo_server) as client:
            for name in made:
                client.drop_database(name)
