"""What is installed from a wheel, as in the image: everything that git has of the packages."""

from __future__ import annotations

import subprocess
import tomllib

from tests.deploy.steps import ROOT


def test_package_data_leaves_nothing_out() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    data = told["tool"]["setuptools"]["package-data"]
    packed = {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in (ROOT / "src" / package).glob(pattern)
    }
    listed = subprocess.check_output(["git", "ls-files", "src"], cwd=ROOT, text=True).split()
    others = {ROOT / each for each in listed if not each.endswith((".py", ".c", ".h"))}
    assert {str(each.relative_to(ROOT)) for each in others - packed} == set()


def test_every_folder_with_code_is_a_package() -> None:
    """Others are not found by setuptools, and work from the sources alone."""
    listed = subprocess.check_output(["git", "ls-files", "src/*.py"], cwd=ROOT, text=True).split()
    folders = {(ROOT / each).parent for each in listed}
    assert [each for each in folders if not (each / "__init__.py").exists()] == []
