import re
from pathlib import Path

import pytest

from telpher.bot import commands
from telpher.bot.language import Texts
from telpher.bot.pages import Pages, Reader

TEXTS = Texts.load()
GUIDE = Path(__file__).parents[2] / "docs" / "USAGE_GUIDE.md"


def test_commands_are_found_by_name_in_any_case():
    assert commands.find("start") is commands.find("START") is commands.COMMANDS[0]
    assert commands.find("") is None
    assert commands.find("starting") is None


@pytest.mark.parametrize("language", sorted(TEXTS.languages))
def test_telegram_takes_the_published_names_and_descriptions(language):
    described = commands.described(TEXTS, language)
    assert [name for name, _ in described] == [command.name for command in commands.COMMANDS]
    for name, description in described:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
        assert 1 <= len(description) <= 256


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_every_command_has_its_page(command):
    assert Pages(TEXTS, "1.0").make(command.page, Reader("Ada", "en"))


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_usage_guide(command):
    assert f"| `/{command.name}` |" in GUIDE.read_text("utf-8")
