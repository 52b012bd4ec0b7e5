from __future__ import annotations

import pytest

from tests.e2e.house import house


@pytest.fixture
async def home(tmp_path):
    """A telpher that is connected to a quiet Telegram."""
    async with house(tmp_path) as each:
        yield each
