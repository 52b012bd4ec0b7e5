"""scripts/sizes: what breaks a budget is named, what has a reason is let through."""

import subprocess
import sys
from pathlib import Path

import pytest

SIZES = Path(__file__).parents[2] / "scripts/sizes"


def sizes(tmp_path: Path, text: str) -> str:
    """What it says about a file, without the path; empty when it is content."""
    file = tmp_path / "room.py"
    file.write_text(text)
    shown = subprocess.run(
        [sys.executable, str(SIZES), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (shown.returncode == 0) == (shown.stderr == "")
    return shown.stderr.replace(str(file), "room.py")


def function(lines: int, head: str = "def long():") -> str:
    return head + "\n" + "    x = 1\n" * (lines - 1)


def nested(depth: int, block: str = "if x:") -> str:
    body = "".join("    " * (level + 1) + block + "\n" for level in range(depth))
    return "def deep(x):\n" + body + "    " * (depth + 1) + "pass\n"


def test_what_keeps_to_the_budgets_passes(tmp_path: Path) -> None:
    assert sizes(tmp_path, function(50) + nested(3) + "x = 1\n" * 340) == ""


def test_a_long_file(tmp_path: Path) -> None:
    assert sizes(tmp_path, "x = 1\n" * 401) == "room.py: 401 lines, at most 400\n"
    assert sizes(tmp_path, "# size: a table of the protocol's names\n" + "x = 1\n" * 400) == ""


@pytest.mark.parametrize("head", ["def long():", "async def long():"])
def test_a_long_function(tmp_path: Path, head: str) -> None:
    assert sizes(tmp_path, function(51, head)) == "room.py:1: long has 51 lines, at most 50\n"


def test_a_long_function_with_a_reason(tmp_path: Path) -> None:
    assert sizes(tmp_path, function(51, "def long():  # size: one screen of routes")) == ""
    assert sizes(tmp_path, function(51, "def long():  # size:")) != ""


def test_methods_and_functions_inside_count_for_themselves(tmp_path: Path) -> None:
    inside = "class Room:\n    def deep(self, x):\n        if x:\n" + (
        "            def inner(x):\n                if x:\n                    if x:\n"
        "                        if x:\n                            pass\n"
    )
    assert sizes(tmp_path, inside) == ""


@pytest.mark.parametrize("block", ["if x:", "for y in x:", "while x:", "with x:"])
def test_deep_nesting(tmp_path: Path, block: str) -> None:
    assert sizes(tmp_path, nested(4, block)) == "room.py:1: deep nests 4 deep, at most 3\n"


def test_elif_nests_no_deeper(tmp_path: Path) -> None:
    chain = "    if x:\n        pass\n" + "    elif x:\n        pass\n" * 6
    assert sizes(tmp_path, "def chain(x):\n" + chain) == ""
