"""Everything is examined, whatever the rest finds, and nothing is waited for without end."""

from __future__ import annotations

import contextlib
import socket
import threading

from pydantic import SecretStr

from telpher.check.doctor import own_folder
from telpher.check.report import Status
from telpher.storage.folder import claimed
from tests.check.house import Patient
from tests.ports import free_ports


async def test_one_failure_keeps_none_from_being_found(patient: Patient) -> None:
    (patient.folder / "work").write_text("a file")
    found = await patient.examined(
        bot_token=SecretStr("4242:AAF-some_other_token_that_nobody_has_got0"),
        redis_url=f"redis://127.0.0.1:{free_ports()}",
        url="https://telpher.invalid",
        open_links=True,
    )
    assert found.failed == {"WORK_DIR", "database", "Redis", "bot", "URL"}, found.lines
    for name in ("settings", "memory", "decryption"):
        assert name in found
    assert found["settings"].status is Status.WARNING
    assert "OPEN_LINKS" in found["settings"].found
    assert all(each.remedy for each in found.all if each.status is Status.FAILED)


async def test_a_database_that_swallows_everything_is_given_up(patient: Patient) -> None:
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = await patient.examined(database_url=SecretStr(f"mongodb://127.0.0.1:{port}/t"))
    assert found.failed == {"database"}, found.lines
    assert found["bot"].status is Status.OK


def test_two_checks_do_not_share_a_folder(tmp_path) -> None:
    """The second waits for the first."""
    entered = threading.Event()
    held = contextlib.ExitStack()
    first = held.enter_context(own_folder(tmp_path / "work", tmp_path / "cache"))

    def second() -> None:
        with own_folder(tmp_path / "work", tmp_path / "cache") as folder:
            assert folder == first
            entered.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not entered.is_set()
    held.close()
    assert entered.wait(60)
    thread.join()


def test_where_work_dir_cannot_be_written_logins_are_kept_elsewhere(tmp_path) -> None:
    (tmp_path / "work").write_text("a file")
    with own_folder(tmp_path / "work", tmp_path / "cache") as folder:
        assert folder == tmp_path / "cache" / "check"


def test_where_nothing_can_be_kept_there_is_a_folder_for_this_once(tmp_path) -> None:
    (tmp_path / "file").write_text("a file")
    with own_folder(tmp_path / "file", tmp_path / "file") as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_it_takes_nothing_from_a_telpher_at_work(tmp_path) -> None:
    with claimed(tmp_path), own_folder(tmp_path, tmp_path / "cache") as folder:
        assert folder == tmp_path / "check"
    with own_folder(tmp_path, tmp_path / "cache"), claimed(tmp_path):
        pass
