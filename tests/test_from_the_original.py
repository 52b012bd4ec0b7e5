"""docs/from-the-original.md names what is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bot.stage import stage

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "from-the-original.md").read_text()


def test_every_source_and_every_test_is_there():
    named = re.findall(r"`((?:src|tests)/[^`]+)`", PAGE)
    assert len(named) > 40
    assert [each for each in named if not (ROOT / each).exists()] == []


async def test_every_command_has_its_place(tmp_path):
    async with stage(tmp_path) as home:
        commands = home.bot.router.table.commands
    assert [each for each in commands if f"`/{each}`" not in PAGE] == []


def test_guide_and_readme_lead_there():
    for page in ("README.md", "docs/USAGE_GUIDE.md"):
        assert "from-the-original.md)" in (ROOT / page).read_text()
