import asyncio

import pytest

from tests.tgfake.raw_client import raw_client
from tests.tgfake.small_world import TOKEN, SmallWorld, small_services
from tests.tgfake.stage import Stage
from tgfake.cluster import Cluster

SECONDS = 60


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def world():
    """Little more than one bot: for tests of the protocol."""
    return SmallWorld()


@pytest.fixture
async def cluster(world):
    """Data centres with a few requests that are easy to tell apart."""
    async with asyncio.timeout(SECONDS), Cluster(world, services=small_services()) as cluster:
        yield cluster


@pytest.fixture
async def client(cluster):
    """A connection to data centre 2, logged in."""
    async with raw_client(cluster, 2) as client:
        await client.log_in(TOKEN)
        yield client
