"""What is kept on disk: whole or not at all, and readable by its owner alone."""

import asyncio
import contextlib
import stat

import pytest

from telpher.telegram.custody.disk import SealedFiles, instance_id


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "work" / "sessions"


async def test_what_was_saved_is_loaded(directory):
    await SealedFiles(directory).save("bot1", b"one")
    await SealedFiles(directory).save("bot1", b"two")

    assert await SealedFiles(directory).load("bot1") == b"two"
    assert await SealedFiles(directory).load("bot2") is None
    assert [each.name for each in directory.iterdir()] == ["bot1.sealed"]


async def test_a_save_that_nobody_waits_for_replaces_nothing_newer(directory):
    """Cancelled, a save goes on in its thread."""
    files = SealedFiles(directory)
    for number in range(50):
        blob = str(number).encode()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                await files.save("bot1", b"old " + blob)
        await files.save("bot1", blob)
        assert await files.load("bot1") == blob
    await asyncio.get_running_loop().shutdown_default_executor()
    assert (directory / "bot1.sealed").read_bytes() == b"49"


async def test_nobody_else_can_read_it(directory):
    await SealedFiles(directory).save("bot1", b"one")

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "bot1.sealed").stat().st_mode) == 0o600


async def test_a_directory_made_by_somebody_else_is_closed(directory):
    directory.mkdir(parents=True, mode=0o755)
    await SealedFiles(directory).save("bot1", b"one")

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


async def test_a_disk_that_refuses_says_so_and_leaves_no_draft(directory):
    directory.mkdir(parents=True)
    (directory / "bot1.sealed").mkdir()
    with pytest.raises(OSError, match="bot1"):
        await SealedFiles(directory).save("bot1", b"one")

    assert [each.name for each in directory.iterdir()] == ["bot1.sealed"]
    assert await SealedFiles(directory).load("bot1") is None


async def test_what_an_older_version_left_is_read_and_removed(directory):
    directory.mkdir(parents=True)
    (directory / "bot1.session.json").write_text("{}")
    files = SealedFiles(directory)

    assert await files.load_plain("bot1") == "{}"
    await files.drop_plain("bot1")
    await files.drop_plain("bot1")
    assert await files.load_plain("bot1") is None
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a.b", "x" * 65])
async def test_a_name_cannot_leave_the_directory(directory, name):
    with pytest.raises(ValueError, match="cannot name a session"):
        await SealedFiles(directory).save(name, b"one")


def test_a_folder_keeps_its_id(tmp_path):
    first = instance_id(tmp_path / "work")

    assert instance_id(tmp_path / "work") == first
    assert instance_id(tmp_path / "other") != first
    assert len(first) == 32


def test_an_id_that_is_none_is_replaced(tmp_path):
    (tmp_path / "instance").write_bytes(b"\xff\xfe")
    made = instance_id(tmp_path)

    assert instance_id(tmp_path) == made


def test_a_folder_that_cannot_keep_an_id_has_one_for_this_run(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")

    assert instance_id(blocked / "work") != instance_id(blocked / "work")
