import pytest

from tests.tgfake.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
