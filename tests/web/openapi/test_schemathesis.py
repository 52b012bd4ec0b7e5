"""schemathesis reads the document and tries what it allows and what it does not.

Every answer has to be one that the document names, in the form it says, and never a bug; no route
may be open without the token that it asks for. The examples are the same in every run. It runs as a
program of its own: as a plugin it would have a say in all other tests.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from telpher.core.playlist import Item
from telpher.service.playlists import Listed
from tests.web.api.house import House
from tests.web.fakes import KEY, REF

pytestmark = pytest.mark.slow

# With these it gets to the files themselves, which it cannot guess.
GOOD_LINK = f"""
[parameters]
"path.chat_id" = {REF.chat_id}
"path.message_id" = {REF.message_id}
"path.playlist_id" = "abc"
"query.k" = "{KEY}"

[checks.positive_data_acceptance]
# Any text may stand in If-Match and Range, and these are what they are answered with.
expected-statuses = ["2xx", 304, 412, 416]
"""


async def finds(home: House, folder: Path, *arguments: str) -> str:
    """What it says when it found something; nothing when it did not."""
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        *(program, "run", f"http://127.0.0.1:{home.server.port}/openapi.json", "--no-color"),
        *("--seed", "1", "--generation-deterministic", *arguments),
        *("--header", f"Authorization: {home.http.headers['authorization']}"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    text = said.decode()
    assert "Test cases:" in text, text
    return text if process.returncode else ""


async def test_it_finds_nothing(home: House, tmp_path: Path) -> None:
    await home.make()
    found = await finds(home, tmp_path, "--max-examples", "3")
    assert not found, found


async def test_it_finds_nothing_behind_a_good_link(home: House, tmp_path: Path) -> None:
    item = Item("https://files.example.org/stream/1/2/a.mp4?k=K", "a.mp4", 9)
    home.world.playlists.there["abc"] = Listed("Films", [item])
    (tmp_path / "schemathesis.toml").write_text(GOOD_LINK)
    chosen = ("--include-path-regex", "^/(stream|download|watch|playlist)/", "--mode", "positive")
    found = await finds(home, tmp_path, "--max-examples", "20", "--phases", "fuzzing", *chosen)
    assert not found, found
    assert home.world.engine.opened
