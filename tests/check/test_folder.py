"""WORK_DIR on disks that are full, read-only, passing, and well: real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from telpher.check import folder
from telpher.check.report import Status
from telpher.config.settings import Settings

ROOT = Path(__file__).parents[2]

LOOK = """
import sys
from pathlib import Path
from telpher.check import folder
from telpher.config.settings import Settings
for each in folder.look(Settings(work_dir=Path(sys.argv[1]))):
    print(each.line())
"""


def on_disk(place: Path, options: str) -> str:
    """What is said of a folder on a file system in memory that is mounted so, by a process that has
    its mounts for itself."""
    alone = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mounts of one's own")
    place.mkdir()
    script = f'mount -t tmpfs -o {options} none "$1"; exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [
            *(*alone, "sh", "-ec", script),
            *("sh", str(place), sys.executable, LOOK),
        ],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.system
def test_a_full_disk(tmp_path: Path) -> None:
    told = on_disk(tmp_path / "disk", "size=128k")
    assert told.startswith("FAILED   WORK_DIR")
    assert "No space left on device" in told
    assert "Make room" in told


@pytest.mark.system
def test_a_read_only_disk(tmp_path: Path) -> None:
    told = on_disk(tmp_path / "disk", "ro,size=4m")
    assert told.startswith("FAILED   WORK_DIR")
    assert "Read-only file system" in told


@pytest.mark.system
def test_a_disk_that_is_gone_with_the_machine(tmp_path: Path) -> None:
    """Nearly full besides: that is told as well."""
    scarce, passing = on_disk(tmp_path / "disk", "size=4m").splitlines()
    assert scarce.startswith("warning  WORK_DIR")
    assert passing.startswith("warning  WORK_DIR")
    assert "gone with the next" in passing
    assert "DATABASE_URL" in passing


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    (found,) = folder.look(Settings(work_dir=tmp_path / "taken" / "work"))
    assert found.status is Status.FAILED
    assert "this user may write" in found.remedy


def test_a_disk_that_is_well_is_left_as_it_was(tmp_path: Path) -> None:
    found = folder.look(Settings(work_dir=tmp_path / "work"))
    assert found[0].status is Status.OK
    assert "free" in found[0].found
    assert list((tmp_path / "work").iterdir()) == []


def test_a_disk_cache_that_cannot_grow_so_large(tmp_path: Path) -> None:
    found = folder.look(Settings(work_dir=tmp_path, disk_cache_gb=1e9))[0]
    assert found.status is Status.WARNING
    assert "DISK_CACHE_GB" in found.found
