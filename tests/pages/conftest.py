"""A browser, and the demo in a process of its own as anybody starts it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from telpher.demo.samples import Sample, collect
from tests.plain_http import client
from tests.players.chromium import Chromium, chromium
from tests.players.programs import PATIENCE

ROOT = Path(__file__).parents[2]

# Made once and kept, for all tests in browsers and players; ignored by git.
CACHE = ROOT / ".cache"


@dataclass(frozen=True)
class Demo:
    """Where its pages are: the chat, and telpher itself."""

    chat: str
    url: str


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    ready = tmp_path / "ready.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "telpher", "demo", "--port", "0", "--ready-file", str(ready)),
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "XDG_CACHE_HOME": str(CACHE)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                if b"./run again" in line:
                    break
        told = json.loads(ready.read_text())
        yield Demo(told["chat"], told["url"])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    assert process.returncode == 0


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    """The demo's samples by the name of the file on disk."""
    return {sample.path.name: sample for sample in collect(CACHE / "telpher")}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as each:
        yield each


@pytest.fixture
async def browser() -> AsyncIterator[Chromium]:
    async with chromium() as each:
        yield each
