"""The memory there is: the least of the machine's and its container's."""

from pathlib import Path

import psutil

from telpher.config import memory_limit


def test_without_limits_it_is_the_machines(tmp_path: Path) -> None:
    assert memory_limit((tmp_path / "none",)) == psutil.virtual_memory().total


def test_the_containers_limit_counts(tmp_path: Path) -> None:
    file = tmp_path / "memory.max"
    file.write_text("1048576\n")
    assert memory_limit((file,)) == 1048576


def test_no_limit_and_nonsense_do_not(tmp_path: Path) -> None:
    files = tmp_path / "max", tmp_path / "huge", tmp_path / "odd"
    for file, text in zip(files, ("max\n", f"{2**63 - 4096}\n", ""), strict=True):
        file.write_text(text)
    assert memory_limit(files) == psutil.virtual_memory().total
