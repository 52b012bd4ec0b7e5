"""The machine's load."""

from __future__ import annotations

from pathlib import Path

from telpher.web.machine import Machine


def test_the_load_is_in_percent(tmp_path: Path) -> None:
    load = Machine(tmp_path).load()
    assert load.cpu_percent >= 0
    assert 0 < load.memory_percent <= 100
    assert load.memory_available_mb > 1
    assert load.disk_percent is not None
    assert 0 < load.disk_percent <= 100


def test_a_missing_directory_is_no_crash(tmp_path: Path) -> None:
    assert Machine(tmp_path / "gone").load().disk_percent is None
