"""The image, made by the Dockerfile's own steps in an empty Debian, and telpher alive in it.

Minutes the first time: an empty Debian is made, and kept in .cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest

from telpher import __version__
from tests import plain_http
from tests.deploy.steps import ROOT, SCRIPT, env
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, telegram
from tests.ports import free_ports
from tgfake.world import FileSpec, World

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(1500)]

NUMBER = 10001
DEBIAN = "http://deb.debian.org/debian"
COMPILERS = ("gcc", "cc", "g++", "c++", "clang", "as", "ld", "make")


def impossible() -> str:
    """Why no image can be made here; empty where one can."""
    if os.geteuid() != 0:
        return "an empty system can only be made and entered by root"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "this machine allows no mounts of one's own"
    try:
        with urllib.request.urlopen(f"{DEBIAN}/dists/bookworm/Release", timeout=60):
            return ""
    except OSError as error:
        return f"Debian's servers cannot be reached: {error}"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with the image's files in `root`."""
    if reason := impossible():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("image")
    said = subprocess.run(
        [sys.executable, str(SCRIPT), "build", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-3000:]
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def root(image) -> Path:
    return image / "root"


def called(image: Path, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a program in the image says and how it ends."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), verb, str(image), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


def test_no_compiler_and_no_installer_is_left(root: Path) -> None:
    places = [root / each.lstrip("/") for each in env()["PATH"].split(":") if each != "$PATH"]
    places += [root / each for each in ("usr/bin", "usr/local/bin", "bin")]
    assert places[0] == root / "opt/telpher/bin"
    found = {name for place in places for name in COMPILERS if (place / name).exists()}
    assert found == set()
    packages = root / "opt/telpher/lib/python3.11/site-packages"
    assert (packages / "telpher").is_dir()
    assert not [each for each in ("pip", "setuptools") if (packages / each).exists()]
    assert not (root / "build").exists()
    assert not (root / "wheels").exists()


def test_all_that_it_needs_at_run_time_came_along(root: Path) -> None:
    """What git has of the packages beside their code, and their extensions."""
    packages = root / "opt/telpher/lib/python3.11/site-packages"
    listed = subprocess.check_output(["git", "ls-files", "src"], cwd=ROOT, text=True).split()
    wanted = [each for each in listed if not each.endswith((".c", ".h"))]
    assert len(wanted) > 300
    missing = [each for each in wanted if not (packages / each.removeprefix("src/")).exists()]
    assert missing == []


def test_its_folder_belongs_to_its_user_alone(root: Path) -> None:
    seen = (root / "data").stat()
    assert (seen.st_uid, seen.st_gid, seen.st_mode & 0o777) == (NUMBER, NUMBER, 0o700)
    owned = [each for each in (root / "opt/telpher").rglob("*") if each.lstat().st_uid != 0]
    assert owned == []


def test_commands_and_wrong_settings(image: Path) -> None:
    said = called(image, "run", "--", "version")
    assert (said.returncode, said.stdout) == (0, f"{__version__}\n")
    without = called(image, "run")
    assert without.returncode == 2
    assert "BOT_TOKEN" in without.stderr


async def is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.ConnectError:
        return False


@contextlib.asynccontextmanager
async def started(image: Path, *settings: str):
    """The image's program."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), "run", str(image), *settings),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_lives_plays_is_healthy_and_ends(image: Path, root: Path) -> None:
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    ann = world.person("Ann")
    film = world.add_file(FileSpec(size=3 << 20, dc=4))
    port = free_ports()
    async with telegram(world, root / "data") as (_, servers):
        settings = (
            *("API_ID=1", "API_HASH=0123456789abcdef0123456789abcdef", f"BOT_TOKEN={TOKEN}"),
            *(f"TELEGRAM_SERVERS=/data/{servers.name}", "HOST=127.0.0.1", f"PORT={port}"),
        )
        servers.chmod(0o644)
        assert called(image, "health", *settings).returncode == 1
        async with started(image, *settings) as process:
            async with asyncio.timeout(PATIENCE), plain_http.client() as http:
                while not await is_ready(http, f"http://127.0.0.1:{port}/health/ready"):
                    assert process.returncode is None
                sent = await ann.send_file("telpher_bot", film)
                reply = await ann.wait_for(
                    lambda seen: not seen.out and seen.reply_to == sent.id, "telpher_bot"
                )
            url = LINK.search(reply.text)[0].replace("localhost", "127.0.0.1")
            async with plain_http.client() as http:
                assert (await http.get(url)).content == bytes_of(film)
            healthy = await asyncio.to_thread(called, image, "health", *settings)
            assert (healthy.returncode, healthy.stderr) == (0, "")
            checked = await asyncio.to_thread(
                called, image, "run", *settings, "--", "check", "--json"
            )
            told = json.loads(checked.stdout)
            failed = [each for each in told["checks"] if each["status"] == "failed"]
            assert (checked.returncode, failed) == (0, [])
            assert (root / "data/telpher.sqlite3").stat().st_uid == NUMBER
            process.terminate()
            async with asyncio.timeout(PATIENCE):
                assert await process.wait() == 0
