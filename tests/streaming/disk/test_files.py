from __future__ import annotations

import os
from pathlib import Path

import pytest

from telpher.streaming.disk.files import OsFiles


@pytest.fixture
def files() -> OsFiles:
    return OsFiles()


def test_a_lock_is_for_one_and_ends_with_its_descriptor(files: OsFiles, tmp_path: Path):
    held = files.lock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        files.lock(tmp_path / "lock")
    files.close(held)
    files.close(files.lock(tmp_path / "lock"))


def test_a_refused_lock_leaves_nothing_open(files: OsFiles, tmp_path: Path):
    held = files.lock(tmp_path / "lock")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(BlockingIOError):
        files.lock(tmp_path / "lock")
    assert os.listdir("/proc/self/fd") == before
    files.close(held)


def test_entries_are_plain_files_with_the_space_they_take(files: OsFiles, tmp_path: Path):
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "full").write_bytes(bytes(100_000))
    os.utime(tmp_path / "full", ns=(1, 2))
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "full")
    found = {entry.name: entry for entry in files.entries(tmp_path)}
    assert found.keys() == {"holes", "full"}
    assert found["holes"].space < 1 << 20
    assert found["full"].space >= 100_000
    assert found["full"].modified == 2


def test_no_folder_has_no_entries(files: OsFiles, tmp_path: Path):
    assert list(files.entries(tmp_path / "none")) == []


def test_what_is_kept_is_private(files: OsFiles, tmp_path: Path):
    files.make_folder(tmp_path / "a" / "b")
    files.close(files.open(tmp_path / "a" / "b" / "c", create=True))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o600


def test_opening_makes_a_file_only_when_asked_and_follows_no_link(files: OsFiles, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        files.open(tmp_path / "a", create=False)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        files.open(tmp_path / "link", create=True)


def test_bytes_are_where_they_were_written(files: OsFiles, tmp_path: Path):
    descriptor = files.open(tmp_path / "a", create=True)
    assert files.write(descriptor, memoryview(b"abc"), 5) == 3
    assert files.read(descriptor, 10, 4) == b"\0abc"
    os.utime(tmp_path / "a", ns=(1, 2))
    files.touch(descriptor)
    assert (tmp_path / "a").stat().st_mtime_ns > 2
    files.empty(descriptor)
    assert files.read(descriptor, 10, 0) == b""
    files.close(descriptor)


def test_removing_twice_is_no_error(files: OsFiles, tmp_path: Path):
    (tmp_path / "a").touch()
    files.remove(tmp_path / "a")
    files.remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_free_space_is_told(files: OsFiles, tmp_path: Path):
    assert files.free(tmp_path) > 0
