"""The commands, each in a process of its own, as a shell sees them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from telpher import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
CREDENTIALS = ("API_ID", "API_HASH", "BOT_TOKEN")


def telpher(
    *arguments: str, cwd: Path, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if name not in CREDENTIALS}
    return subprocess.run(
        [sys.executable, "-m", "telpher", *arguments],
        cwd=cwd,
        env={**bare, "PYTHONPATH": str(ROOT / "src"), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_version(tmp_path: Path) -> None:
    assert telpher("version", cwd=tmp_path).stdout == f"{__version__}\n"


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = telpher("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command in ("start", "run", "demo", "check", "import", "token", "version"):
        assert command in shown.stdout


@pytest.mark.parametrize("command", ["run", "start"])
def test_wrong_settings_are_all_told_with_status_2(tmp_path: Path, command: str) -> None:
    given = {"API_ID": "twelve", "API_HASH": "hush-hush", "PORT": "99999"}
    shown = telpher(command, cwd=tmp_path, environ=given)
    assert shown.returncode == 2
    assert shown.stdout == ""
    for name in ("API_ID", "API_HASH", "BOT_TOKEN", "PORT"):
        assert f"- {name}" in shown.stderr
    assert "docs/settings.md" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "hush" not in shown.stderr


def test_a_check_of_wrong_settings_tells_them_all_with_status_2(tmp_path: Path) -> None:
    given = {"API_ID": "twelve", "API_HASH": "hush-hush", "PORT": "99999"}
    shown = telpher("check", cwd=tmp_path, environ=given)
    assert shown.returncode == 2
    lines = [line for line in shown.stdout.splitlines() if line.startswith("FAILED   settings")]
    for name in ("API_ID", "API_HASH", "BOT_TOKEN", "PORT"):
        assert sum(f" {name}" in line for line in lines) == 1
    assert "hush" not in shown.stdout
    assert shown.stderr == ""
    told = json.loads(telpher("check", "--json", cwd=tmp_path, environ=given).stdout)
    assert told["status"] == "failed"
    assert {each["name"] for each in told["checks"]} == {"settings"}
    assert list(tmp_path.iterdir()) == []


def test_a_dot_env_in_the_folder_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_ID=12345\nPORT=99999\n")
    shown = telpher("start", cwd=tmp_path)
    assert shown.returncode == 2
    assert "- PORT='99999'" in shown.stderr
    assert "- API_ID" not in shown.stderr


INTERRUPTED = """
import runpy, sys

class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == "telpher.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
runpy.run_module("telpher", run_name="__main__")
"""


def test_ctrl_c_while_it_is_still_loading_ends_it_quietly(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stdout, shown.stderr) == (130, "", "")


GIVEN = {
    "API_ID": "1",
    "API_HASH": "0" * 32,
    "BOT_TOKEN": "4242:AAF-a_token_of_no_secrecy_for_the_tests0",
}


def test_import_takes_people_over_once_and_its_status_says_whether_all(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text('[{"user_id": 7, "first_name": "Ann"}, {"id": "8"}]')
    (tmp_path / "more.json").write_text('{"9": {}, "eight": {"name": "nobody"}}')
    rehearsal = telpher("import", "users.json", "--dry-run", cwd=tmp_path, environ=GIVEN)
    assert (rehearsal.returncode, rehearsal.stdout.splitlines()[0]) == (
        0,
        "read 2: 2 new, 0 merged, 0 unreadable",
    )
    shown = telpher("import", "users.json", "more.json", cwd=tmp_path, environ=GIVEN)
    assert shown.returncode == 1
    assert shown.stdout.splitlines()[-1] == "read 4: 3 new, 0 merged, 1 unreadable"
    again = telpher("import", "users.json", cwd=tmp_path, environ=GIVEN)
    assert (again.returncode, again.stdout.strip()) == (0, "read 2: 0 new, 2 merged, 0 unreadable")


@pytest.mark.parametrize("arguments", [(), ("missing.json",), ("--mongo", "mongodb://:x@/")])
def test_import_from_nothing_is_a_mistake_that_is_told(tmp_path: Path, arguments: str) -> None:
    shown = telpher("import", *arguments, cwd=tmp_path, environ=GIVEN)
    assert shown.returncode == 2
    assert shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_token_is_made_listed_and_revoked(tmp_path: Path) -> None:
    given = {"API_ID": "1", "API_HASH": "0" * 32, "BOT_TOKEN": f"1:{'x' * 35}"}

    def token(*arguments: str) -> subprocess.CompletedProcess[str]:
        return telpher("token", *arguments, cwd=tmp_path, environ=given)

    made = token("create", "a script", "--scope", "links:read", "--days", "1.5")
    assert made.returncode == 0, made.stderr
    token_id = made.stdout.split("_")[1]
    assert token("revoke", token_id).returncode == 0
    listed = token("list")
    assert listed.stdout.startswith(f"{token_id}  revoked ")
    assert made.stdout.strip() not in listed.stdout
    assert token("revoke", "0" * 16).returncode == 1
    assert token("create", "a script", "--scope", "everything").returncode == 2
