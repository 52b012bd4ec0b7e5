from __future__ import annotations

from pathlib import Path

import pytest

from telpher.demo.samples import Sample, collect
from tests.e2e.house import House, house
from tgfake.world import FileSpec

# Made once and kept, like the demo's own; ignored by git.
CACHE = Path(__file__).parents[2] / ".cache"


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    """The demo's samples by file name without ending."""
    return {sample.path.stem: sample for sample in collect(CACHE)}


@pytest.fixture
async def home(tmp_path):
    """A telpher that is connected to a quiet Telegram."""
    async with house(tmp_path) as each:
        yield each


@pytest.fixture
def share(home: House, samples: dict[str, Sample]):
    """Sends a sample to the bot, from a data centre that is not the bot's; gives link and file."""

    async def send(name: str):
        sample = samples[name]
        file = home.world.add_file(
            FileSpec(
                kind=sample.kind,
                path=str(sample.path),
                name=sample.name,
                mime=sample.mime,
                duration=sample.duration,
                width=sample.width,
                height=sample.height,
                dc=4,
            )
        )
        return await home.share(file), file

    return send
