"""What is no Python and yet needed is named in pyproject.toml, or an installed telpher lacks it."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]

_SOURCES = (".py", ".c", ".h")


@pytest.mark.parametrize("package", ["telpher", "tgfake"])
def test_every_file_that_is_no_source_is_installed(package: str) -> None:
    folder = ROOT / "src" / package
    listed = subprocess.run(
        ["git", "ls-files", "."], cwd=folder, check=True, capture_output=True, text=True
    )
    data = {each for each in listed.stdout.split("\n") if each and not each.endswith(_SOURCES)}
    installed = {
        str(path.relative_to(folder)) for glob in DATA[package] for path in folder.glob(glob)
    }
    assert sorted(data - installed) == []
