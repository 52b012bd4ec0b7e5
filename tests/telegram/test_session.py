"""Sessions on disk: private, whole or not at all, and never a reason to fail."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telpher.telegram.session import FileSessionStore

SESSION = '{"key":"…"}'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "work" / "sessions"


def test_what_was_saved_is_loaded(directory: Path) -> None:
    FileSessionStore(directory).save("bot1", SESSION)

    assert FileSessionStore(directory).load("bot1") == SESSION
    assert FileSessionStore(directory).load("bot2") is None


def test_only_the_owner_may_read(directory: Path) -> None:
    store = FileSessionStore(directory)
    store.save("bot1", SESSION)
    (file,) = directory.iterdir()

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_open_directory_and_file_are_closed_again(directory: Path) -> None:
    store = FileSessionStore(directory)
    store.save("bot1", SESSION)
    (file,) = directory.iterdir()
    directory.chmod(0o755)
    file.chmod(0o644)
    store.save("bot1", SESSION)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_draft_left_by_a_crash_does_no_harm(directory: Path) -> None:
    store = FileSessionStore(directory)
    store.save("bot1", SESSION)
    (file,) = directory.iterdir()
    file.with_suffix(".99999999.tmp").write_text("{half")
    store.save("bot1", SESSION)

    assert store.load("bot1") == SESSION


@pytest.mark.parametrize("broken", [b"", b"{half", b"\xff\xfe", b"not json"])
def test_a_broken_file_is_as_good_as_none(directory: Path, broken: bytes) -> None:
    store = FileSessionStore(directory)
    store.save("bot1", SESSION)
    (file,) = directory.iterdir()
    file.write_bytes(broken)

    with capture_logs() as logs:
        assert store.load("bot1") is None
    assert "cannot be read" in logs[0]["event"]


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        FileSessionStore(blocked).save("bot1", SESSION)


@pytest.mark.parametrize("name", ["", "../bot", "a/b", "a\0b", "x" * 65])
def test_a_name_cannot_leave_the_directory(directory: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        FileSessionStore(directory).save(name, SESSION)
