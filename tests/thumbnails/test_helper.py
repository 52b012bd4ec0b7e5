"""What the process can no longer do once it has locked itself in."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from telpher.thumbnails import helper

LOCKED = "from telpher.thumbnails import camera, helper\ncamera.load()\nhelper.lock_in()\n"


def run(body: str) -> subprocess.CompletedProcess[str]:
    """A process that is locked in and then runs `body`."""
    return subprocess.run(
        [sys.executable, "-c", LOCKED + body],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_locked_in_it_can_still_work() -> None:
    done = run("print(sum(range(10)))")
    assert (done.returncode, done.stdout) == (0, "45\n"), done.stderr


@pytest.mark.parametrize(
    "body",
    [
        "open('/etc/passwd')",
        "open('/tmp/telpher-helper', 'w')",
        "import _socket; _socket.socket()",
        "import os; os.pipe()",
        "import os; os.dup(0)",
        "import os; os.fork()",
        "import _thread; _thread.start_new_thread(print, ())",
        "import os; os.setuid(0)",
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))",
        "x = bytes(900 << 20)",
    ],
)
def test_locked_in_it_cannot(body: str) -> None:
    done = run(f"{body}\nprint('done')")
    assert "done" not in done.stdout
    assert done.returncode != 0


def test_it_gives_way_to_everything_else() -> None:
    assert run("import os; print(os.nice(0))").stdout == "19\n"


def test_its_time_is_limited() -> None:
    done = run(
        "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)"
    )
    assert done.stdout == f"{helper.CPU_SECONDS}\n", done.stderr
    assert resource.RLIMIT_CPU is not None
