from __future__ import annotations

import pytest

from tests.check.house import BOT, Patient
from tests.e2e.house import TOKEN, telegram
from tests.storage.conftest import mongo_server, new_mongo
from tgfake.world import World

__all__ = ["mongo_server", "new_mongo"]


@pytest.fixture
async def patient(tmp_path):
    world = World()
    world.add_bot(TOKEN, BOT)
    async with telegram(world, tmp_path) as (cluster, servers):
        yield Patient(world, cluster, servers, tmp_path)
