"""What setup.py compiles. It is optional, so a C file that no longer compiles would go unnoticed:
telpher then runs without it, and the tests of the extension are skipped."""

import importlib
import os
import shutil
import sysconfig
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
SOURCES = sorted(SRC.rglob("*.c"))


@pytest.mark.skipif(
    "CI" not in os.environ
    and (
        shutil.which("gcc") is None
        or not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h"))
    ),
    reason="no compiler here (in CI, where scripts/setup installs one, it would be a failure)",
)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_c_source_is_compiled_where_there_is_a_compiler(source: Path) -> None:
    module = ".".join(source.relative_to(SRC).with_suffix("").parts)
    assert importlib.import_module(module)


def test_there_is_something_to_compile() -> None:
    assert SOURCES
