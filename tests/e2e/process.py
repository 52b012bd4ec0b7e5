"""telpher as its user starts it: a process of its own, told what to do by signals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.e2e.house import PATIENCE, TOKEN
from tests.ports import free_ports


class Telpher:
    """A running `telpher run`; `port` is where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, env: dict[str, str]) -> None:
        self._process = process
        self.env = env
        self.pid = process.pid
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def logged(self, message: str) -> dict[str, object]:
        """Waits for a log entry."""
        async with asyncio.timeout(PATIENCE):
            while True:
                entry = await self.entry()
                if entry["message"] == message:
                    return entry

    async def entry(self) -> dict[str, object]:
        """Waits for the next log entry, whatever it says."""
        assert self._process.stderr
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stderr.readline()
        if not line:
            raise AssertionError("it ended without saying that")
        if not line.startswith(b"{"):
            raise AssertionError(line + await self._process.stderr.read())
        return json.loads(line)

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    async def exit_status(self) -> int:
        """Waits for its end."""
        async with asyncio.timeout(PATIENCE):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


def environment(servers: Path, work_dir: Path, **others: str) -> dict[str, str]:
    """What `telpher run` needs to live in tgfake, and nothing of the machine's own settings."""
    kept = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "API_ID": "1",
        "API_HASH": "0123456789abcdef0123456789abcdef",
        "BOT_TOKEN": TOKEN,
        "TELEGRAM_SERVERS": str(servers),
        "HOST": "127.0.0.1",
        "WORK_DIR": str(work_dir),
        "LOG_FORMAT": "json",
        **others,
    }


@contextlib.asynccontextmanager
async def started(env: dict[str, str], cwd: Path, *options: str) -> AsyncIterator[Telpher]:
    """`telpher run` with these settings and options; killed at the end when it is still there."""
    port = int(env.get("PORT") or free_ports())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "telpher", "run", *options),
        env={**env, "PORT": str(port)},
        cwd=cwd,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Telpher(process, port, env)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run_to_end(env: dict[str, str], cwd: Path, *arguments: str) -> tuple[int, str]:
    """Exit status of `telpher ARGUMENTS`, and everything it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "telpher", *arguments),
        env=env,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()
