import asyncio
import subprocess
import sys

import pytest

from telpher.ending import Ending

TWICE = """
import sys
from pathlib import Path
from telpher.ending import restart

runs = Path(sys.argv[1])
runs.open("a").write("run ")
print("out", end="")
if runs.read_text() == "run ":
    restart()
"""


async def test_a_restart_is_a_stop_after_which_it_begins_again():
    ending = Ending()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(ending.asked())
        await asyncio.sleep(0)
        assert not waiting.done()
        ending.restart()
    assert ending.again


@pytest.mark.parametrize("wishes", [["stop"], ["stop", "restart"], ["restart", "stop"]])
async def test_a_stop_always_is_one(wishes):
    ending = Ending()
    for wish in wishes:
        getattr(ending, wish)()
    await ending.asked()
    assert not ending.again


def test_the_same_program_begins_again_with_the_same_arguments(tmp_path):
    runs = tmp_path / "runs"
    done = subprocess.run(
        [sys.executable, "-c", TWICE, runs], capture_output=True, text=True, check=True
    )
    assert (runs.read_text(), done.stdout) == ("run run ", "outout")


def test_where_it_cannot_begin_again_that_is_said():
    code = "import sys; sys.executable = '/nowhere'; from telpher import ending; ending.restart()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot start itself again: No such file" in done.stderr
