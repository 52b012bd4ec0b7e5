"""WORK_DIR belongs to one process at a time, and a wrong one is told of before anything starts."""

import contextlib
from pathlib import Path

import pytest

from telpher.errors import SettingsError
from telpher.storage.folder import claimed


def test_it_is_made_and_free_again_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    for _ in range(2):
        with claimed(folder):
            assert folder.is_dir()


def test_a_second_one_is_refused(tmp_path: Path) -> None:
    with (
        claimed(tmp_path),
        pytest.raises(SettingsError, match="another telpher is using it"),
        claimed(tmp_path),
    ):
        pytest.fail("two have it")


def test_a_second_one_gets_it_when_the_first_leaves_in_time(tmp_path: Path) -> None:
    first = contextlib.ExitStack()
    first.enter_context(claimed(tmp_path))
    with claimed(tmp_path, patience=60, on_wait=first.close):
        pass


def test_patience_ends(tmp_path: Path) -> None:
    waits: list[str] = []
    with (
        claimed(tmp_path),
        pytest.raises(SettingsError),
        claimed(tmp_path, patience=0.2, on_wait=lambda: waits.append("waiting")),
    ):
        pytest.fail("two have it")
    assert waits == ["waiting"]


@pytest.mark.parametrize("below", ["", "sub/folder"])
def test_a_place_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="WORK_DIR="), claimed(file / below):
        pytest.fail("that is no folder")
