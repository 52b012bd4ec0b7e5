"""The samples, made once for all tests of the demo."""

from pathlib import Path

import pytest

from telpher.demo import samples
from telpher.demo.samples import Sample


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def files(cache: Path) -> dict[str, Sample]:
    """By the name of the file on disk."""
    return {sample.path.name: sample for sample in samples.collect(cache)}
