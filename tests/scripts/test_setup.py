"""scripts/setup, with a Python that only pretends to make environments and to install.

The stand-in writes down what it is asked to do, so that a test sees what a call did and what it
left out; the real thing is what every run of ./test begins with.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# `-c` asks about the Python, `-m venv` makes an environment, `-m pip` installs. While the file
# `hold` is there, an install waits: it says so and is killed or let go by the test. With the file
# `headers` there are headers to compile against.
PYTHON = """#!/bin/sh
log=$PRETENCE/log
case "$1 $2" in
    "-m venv")
        echo venv >>"$log"
        mkdir -p .venv/bin
        cp "$0" .venv/bin/python
        printf '#!%s/.venv/bin/python\\n' "$PWD" >.venv/bin/pip
        chmod +x .venv/bin/pip ;;
    "-m pip")
        [ "$3" = install ] || exit 0
        echo "$@" | sed 's/.*install -qq //' >>"$log"
        if [ -e "$PRETENCE/hold" ]; then echo holding >&2; cat "$PRETENCE/hold" >/dev/null; fi
        [ ! -e "$PRETENCE/offline" ] ;;
    -V* ) echo "Python 3.11.99" ;;
    "-c "*) [ "${3-}" != Python.h ] || [ -e "$PRETENCE/headers" ] ;;
    *) exit 0 ;;
esac
"""

# Installs by making the file of that name.
APT = """#!/bin/sh
for package; do :; done
case "$*" in
    *" install "*) echo "apt $package" >>"$PRETENCE/log"; touch "$PRETENCE/$package" ;;
esac
"""


class Pretence:
    """A checkout with the scripts alone, and the stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        self.venv = self.repo / ".venv"
        (self.repo / "scripts").mkdir(parents=True)
        for name in ("setup", "system-packages"):
            shutil.copy(ROOT / "scripts" / name, self.repo / "scripts")
        for name in ("pyproject.toml", "setup.py", "requirements.lock", "requirements-dev.lock"):
            shutil.copy(ROOT / name, self.repo)
        (self.repo / "src").mkdir()
        (self.repo / "src/fast.c").touch()
        (self.repo / "scripts/system-packages").write_text("# none\n")
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        (folder / "log").touch()

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.repo / "scripts/setup"), *arguments],
            env={**os.environ, "PRETENCE": str(self.folder), "PYTHON": str(self.python), **more},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def setup(self, *arguments: str, **more: str) -> tuple[int, str]:
        """Status and what it said."""
        process = self.start(*arguments, **more)
        _, said = process.communicate()
        return process.returncode, said

    def did(self) -> list[str]:
        """What was done since the last call of this."""
        log = self.folder / "log"
        done = log.read_text().splitlines()
        log.write_text("")
        return done

    def hold(self) -> Path:
        """Makes the next install wait until somebody writes to this."""
        pipe = self.folder / "hold"
        os.mkfifo(pipe)
        return pipe


@pytest.fixture
def pretence(tmp_path: Path) -> Pretence:
    return Pretence(tmp_path)


INSTALL = [
    "--require-hashes -r .cache/setup-build.lock",
    "--require-hashes --use-pep517 --no-build-isolation -r requirements.lock",
    "--no-deps --no-build-isolation -e .",
]


def line_with(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr)


def test_the_first_call_makes_and_installs_the_second_does_nothing(pretence: Pretence) -> None:
    assert pretence.setup()[0] == 0
    assert pretence.did() == ["venv", *INSTALL]
    assert pretence.setup() == (0, "")
    assert pretence.did() == []


def test_the_build_tool_comes_alone_and_pinned(pretence: Pretence) -> None:
    pretence.setup()
    lock = (pretence.repo / ".cache/setup-build.lock").read_text()
    assert lock.startswith("setuptools==")
    assert lock.count("==") == 1
    assert "--hash=sha256:" in lock


def test_developers_get_more_and_can_run_as_well(pretence: Pretence) -> None:
    pretence.setup()
    pretence.did()
    pretence.setup("--dev")
    assert pretence.did()[1].endswith("requirements-dev.lock")
    assert pretence.setup() == (0, "")
    assert pretence.setup("--dev") == (0, "")
    assert pretence.did() == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "setup.py"])
def test_a_change_installs_again_into_what_is_there(pretence: Pretence, name: str) -> None:
    pretence.setup()
    pretence.did()
    with (pretence.repo / name).open("a") as file:
        file.write("# changed\n")
    pretence.setup()
    assert pretence.did() == INSTALL


def test_what_is_compiled_is_compiled_again_when_it_changed(pretence: Pretence) -> None:
    path = programs(pretence.folder, gcc="")
    source = pretence.repo / "src/fast.c"
    pretence.setup(PATH=path)
    pretence.did()
    source.write_text("/* nobody can compile this here */\n")
    assert pretence.setup(PATH=path) == (0, "")
    (pretence.folder / "headers").touch()
    pretence.setup(PATH=path)
    assert pretence.did() == INSTALL
    source.write_text("/* changed */\n")
    pretence.setup(PATH=path)
    assert pretence.did() == INSTALL
    assert pretence.setup(PATH=path) == (0, "")


def test_a_compiler_is_installed_before_what_is_compiled(pretence: Pretence) -> None:
    sign = pretence.folder / "compiler"
    packages = pretence.repo / "scripts/system-packages"
    packages.write_text(f"compiler dev {sign} why\n")
    path = programs(pretence.folder, id="echo 0", dpkg="", **{"apt-get": APT})
    pretence.setup(PATH=path)
    assert pretence.did() == ["venv", *INSTALL]
    pretence.setup("--dev", PATH=path)
    assert pretence.did()[0] == "apt compiler"
    assert pretence.setup("--dev", PATH=path) == (0, "")
    assert pretence.did() == []


def test_killed_in_the_middle_the_next_call_begins_anew(pretence: Pretence) -> None:
    pipe = pretence.hold()
    process = pretence.start()
    line_with(process, "holding")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    pipe.unlink()
    (pretence.venv / "half-installed").touch()
    pretence.did()
    assert pretence.setup()[0] == 0
    assert pretence.did() == ["venv", *INSTALL]
    assert not (pretence.venv / "half-installed").exists()
    assert pretence.setup() == (0, "")


def test_of_two_calls_at_once_one_waits_and_has_nothing_left_to_do(pretence: Pretence) -> None:
    pipe = pretence.hold()
    first = pretence.start()
    line_with(first, "holding")
    second = pretence.start()
    line_with(second, "waiting")
    with pipe.open("w"):
        pipe.unlink()
    assert first.wait() == 0
    assert second.wait() == 0
    assert pretence.did() == ["venv", *INSTALL]
    for process in (first, second):
        process.communicate()


def test_an_install_that_fails_says_so_and_is_tried_again(pretence: Pretence) -> None:
    (pretence.folder / "offline").touch()
    status, said = pretence.setup()
    assert status == 1
    assert "could not be installed" in said
    (pretence.folder / "offline").unlink()
    assert pretence.setup()[0] == 0


def test_a_checkout_that_was_moved_gets_a_new_environment(pretence: Pretence) -> None:
    pretence.setup()
    pretence.did()
    moved = pretence.folder / "moved"
    pretence.repo.rename(moved)
    pretence.repo = moved
    pretence.setup()
    assert pretence.did() == ["venv", *INSTALL]


def test_what_nothing_works_without_is_asked_for_with_the_exact_line(pretence: Pretence) -> None:
    packages = pretence.repo / "scripts/system-packages"
    packages.write_text("no-such-package-1 run /nonexistent why\nno-such-2 dev /nonexistent why\n")
    status, said = pretence.setup(PATH=without_root(pretence.folder))
    assert status == 1
    assert (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends no-such-package-1\n"
        in said
    )
    assert "no-such-2" not in said


def test_what_only_tests_need_is_told_and_let_pass(pretence: Pretence) -> None:
    packages = pretence.repo / "scripts/system-packages"
    packages.write_text("no-such-2 dev /nonexistent why\nsh dev sh there already\n")
    status, said = pretence.setup("--dev", PATH=without_root(pretence.folder))
    assert status == 0
    assert "install -y --no-install-recommends no-such-2\n" in said


def test_no_python_that_is_new_enough(pretence: Pretence) -> None:
    old = without_root(pretence.folder)
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        Path(old.partition(":")[0], name).write_text("#!/bin/sh\nexit 1\n")
        Path(old.partition(":")[0], name).chmod(0o755)
    script = pretence.repo / "scripts/setup"
    script.write_text(script.read_text().replace("/usr/bin/python3 ", "python "))
    status, said = pretence.setup(PATH=old, PYTHON="")
    assert status == 1
    assert "Python 3.11 or newer is needed" in said


def without_root(folder: Path) -> str:
    """A PATH on which this user has no right to install."""
    return programs(folder, id="echo 1000", sudo="exit 1")


def programs(folder: Path, **scripts: str) -> str:
    """A PATH that begins with programs made of these shell scripts."""
    place = folder / "programs"
    place.mkdir()
    for name, text in scripts.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def test_the_list_of_system_packages_can_be_read() -> None:
    lines = (ROOT / "scripts/system-packages").read_text().splitlines()
    entries = [line.split(maxsplit=3) for line in lines if line and not line.startswith("#")]
    assert entries
    for package, wanted_by, sign, reason in entries:
        assert package
        assert wanted_by in ("run", "dev")
        assert sign
        assert reason
