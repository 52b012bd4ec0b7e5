"""deploy/telpher.service: understood by systemd, hardened, and telpher lives within that."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from telpher.config.settings import Settings
from tests.players.programs import program

UNIT = Path(__file__).parents[2] / "deploy/telpher.service"

# Of 10, in tenths. Services that use the network cannot have much less.
MOST_EXPOSED = 15

# https://docs.kernel.org/userspace-api/mseal.html's neighbour: prctl(2), PR_SET_MDWE. What
# MemoryDenyWriteExecute does, by the kernel alone.
CONFINED = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
EVERYTHING = """
import av, cryptg, ctypes, uvloop
from telpher import heap
from telpher.cli import commands
from telpher.telegram import crypto
assert heap.hold()
print(crypto.IMPLEMENTATION)
"""


def unit() -> RawConfigParser:
    """Its sections; of settings that are given several times the last."""
    found = RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    found.optionxform = str  # type: ignore[assignment] # names as they are written
    found.read_string(UNIT.read_text())
    return found


def environment() -> dict[str, str]:
    lines = re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)
    pairs = re.findall(r'"(\w+)=([^"]*)"|(\w+)=(\S+)', " ".join(lines))
    return {one or other: value or more for one, value, other, more in pairs}


@pytest.mark.system
def test_systemd_understands_it(tmp_path: Path) -> None:
    text = UNIT.read_text()
    (program_named,) = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
    copy = tmp_path / "telpher.service"
    copy.write_text(text.replace(program_named, "/bin/true"))
    said = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in said.stderr.splitlines() if "telpher" in line]
    assert (said.returncode, told) == (0, []), said.stderr


@pytest.mark.system
def test_it_is_exposed_to_little(tmp_path: Path) -> None:
    said = subprocess.run(
        [
            *(program("systemd-analyze"), "security", "--offline=true", "--no-pager"),
            *(f"--threshold={MOST_EXPOSED}", str(UNIT)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-300:]


def test_telpher_loads_where_memory_cannot_be_written_and_run() -> None:
    said = subprocess.run(
        [sys.executable, "-c", CONFINED, EVERYTHING], capture_output=True, text=True, check=False
    )
    if said.returncode == 77:
        pytest.skip("a kernel before 6.3 cannot be asked for this")
    assert said.returncode == 0, said.stderr
    assert unit()["Service"]["MemoryDenyWriteExecute"] == "yes"


def test_it_has_time_to_end_and_is_not_started_again_in_vain() -> None:
    service = unit()["Service"]
    assert int(service["TimeoutStopSec"]) > Settings().drain_seconds + 10
    assert service["RestartPreventExitStatus"] == "2"


def test_what_it_sets_are_settings_and_no_secrets() -> None:
    given = environment()
    known = {name for name in given if name.lower() in Settings.model_fields}
    others = {name for name in given if not name.startswith(("MALLOC_", "PYTHON"))}
    assert known == others == {"WORK_DIR", "LOG_FORMAT", "HOST", "TRUSTED_PROXIES"}
    settings = Settings(trusted_proxies=given["TRUSTED_PROXIES"], host=given["HOST"])
    assert len(settings.trusted_proxies) == 2
    assert given["WORK_DIR"] == f"/var/lib/{unit()['Service']['StateDirectory']}"
