import pytest
from telethon.crypto import rsa

from tests.telegram.adapter.stage import Stage
from tgfake.world import World


@pytest.fixture(autouse=True)
def _forget_keys():
    """The library keeps servers' keys for the whole process."""
    keys = dict(rsa._server_keys)
    yield
    rsa._server_keys.clear()
    rsa._server_keys.update(keys)


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(World(), tmp_path)
