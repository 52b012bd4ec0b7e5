"""The disk tier in a process of its own, against the real kernel."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.core.chunks import GRANULE, PAGE
from telpher.streaming.disk.tier import DiskTier
from tests.streaming.disk.child import BUDGET, LONG, PAGES
from tests.streaming.disk.fakes import TroubledFiles, content, space

ROOT = Path(__file__).parents[3]


async def child(work: str, folder: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.streaming.disk.child",
        work,
        str(folder),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=PIPE,
        stderr=DEVNULL,
    )


async def kept_until_killed(folder: Path, lines: int) -> int:
    """Kills the child in the midst of its work; returns the last page it said it kept."""
    process = await child("endless", folder)
    assert process.stdout is not None
    said = [await process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += (await process.stdout.read()).splitlines()
    assert await process.wait() == -signal.SIGKILL
    _turn, number = said[-1].split()
    return int(number)


@pytest.mark.parametrize("lines", [1, 7, PAGES + 3])
async def test_what_was_kept_survives_kill_9_and_the_rest_is_right_or_not_there(
    tmp_path: Path, lines: int
):
    last = await kept_until_killed(tmp_path, lines)
    async with DiskTier(tmp_path, BUDGET, FakeClock(), TroubledFiles()) as tier:
        await tier.settled()
        assert space(tmp_path) <= tier.stats().bytes <= BUDGET
        for number in range(last + 1):
            assert await tier.read(LONG, number * PAGE, PAGE) == content(LONG, number * PAGE, PAGE)
        for offset in range((last + 1) * PAGE, LONG[1], GRANULE):
            assert await tier.read(LONG, offset, GRANULE) in (
                None,
                content(LONG, offset, GRANULE),
            )
        assert tier.stats().errors == 0


async def test_a_limit_of_the_kernel_in_mid_write_does_no_harm(tmp_path: Path):
    process = await child("limited", tmp_path)
    output, _ = await process.communicate()
    assert output.decode().splitlines() == ["None 1", "True 1"]
    assert process.returncode == 0
