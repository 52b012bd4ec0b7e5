import pytest

from tests.jobs.fakes import CopyingBot, MemoryStore, Sleeps


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def bot():
    return CopyingBot()


@pytest.fixture
def sleeps():
    return Sleeps()
