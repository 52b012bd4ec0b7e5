"""The unit's SystemCallFilter lets through whatever telpher calls, thumbnails' helper included.

The kernel is watched, by strace, while telpher does everything once: it cannot be asked to filter
as the unit says without a systemd that runs.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, telegram
from tests.e2e.process import environment
from tests.e2e.test_thumbnails import thumbnail_of
from tests.players.programs import program
from tests.ports import free_ports
from tests.thumbnails.films import Film, film
from tgfake.world import FileSpec, World

pytestmark = [pytest.mark.slow, pytest.mark.system]

UNIT = Path(__file__).parents[2] / "deploy/telpher.service"

# What SQLite asks for as root alone, and the helper tries as root and goes on without.
AS_ROOT = {"fchown", "setgroups", "setgid", "setuid"}


def members(name: str) -> set[str]:
    """The calls of one of systemd's groups."""
    command = [program("systemd-analyze"), "syscall-filter", "--no-pager", name]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in told.splitlines()[1:]]
    found: set[str] = set()
    for word in words:
        if word.startswith("@"):
            found |= members(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def allowed() -> set[str]:
    """As systemd reads the lines of the unit, one after the other; @default always stays."""
    always = members("@default")
    calls = set(always)
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
        named = {call for word in line.lstrip("~").split() for call in members(word)}
        calls = calls - named | always if line.startswith("~") else calls | named
    return calls


def called(trace: Path) -> set[str]:
    text = trace.read_text(errors="replace")
    return set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)", text, re.MULTILINE))


@pytest.fixture
def strace() -> str:
    found = program("strace")
    if subprocess.run([found, "-qq", "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip("this machine lets nobody watch another process")
    return found


async def test_nothing_that_it_calls_is_forbidden(tmp_path, strace) -> None:
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    ann, port, trace = world.person("Ann"), free_ports(), tmp_path / "trace"
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work", PORT=str(port), DISK_CACHE_GB="1")
        # The watcher steps aside (-D): who is started here is telpher itself.
        watched = [strace, "-D", "-f", "-qq", "-s0", "-o", str(trace)]
        process = await asyncio.create_subprocess_exec(
            *(*watched, sys.executable, "-m", "telpher", "run"),
            env=env,
            cwd=tmp_path,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(2 * PATIENCE), plain_http.client() as http:
                ready = f"http://127.0.0.1:{port}/health/ready"
                while not await answers(http, ready):
                    assert process.returncode is None
                spec = FileSpec("document", name="film.mp4", data=film(Film()), dc=4)
                sent = await ann.send_file("telpher_bot", world.add_file(spec))
                reply = await ann.wait_for(
                    lambda seen: not seen.out and seen.reply_to == sent.id, "telpher_bot"
                )
                link = LINK.search(reply.text)[0].replace("localhost", "127.0.0.1")
                assert (await http.get(link)).status_code == 200
                picture = await http.get(thumbnail_of(link))
                assert picture.headers["content-type"] == "image/jpeg"
                process.terminate()
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    found = called(trace)
    assert {"openat", "accept4", "setpriority", "prlimit64"} <= found
    assert found - AS_ROOT - allowed() == set()


async def answers(http, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except plain_http.httpx.ConnectError:
        return False
