import re
from pathlib import Path

import pytest

from telpher.bot.areas import Command, Table, Who
from telpher.bot.commands import published
from telpher.bot.language import Texts
from tests.bot.stage import stage

TEXTS = Texts.load()
GUIDE = Path(__file__).parents[2] / "docs" / "USAGE_GUIDE.md"


@pytest.fixture
async def table(tmp_path):
    async with stage(tmp_path) as home:
        yield home.bot.router.table


async def test_english_is_for_everybody_and_each_other_language_for_its_readers(table):
    languages = dict(published(table, TEXTS))
    assert set(languages) == {"", *TEXTS.languages} - {"en"}
    assert len({tuple(name for name, _ in each) for each in languages.values()}) == 1


def test_what_is_for_admins_is_not_published():
    table = Table(commands={"help": Command("help", None), "ban": Command("ban", None, Who.ADMINS)})
    assert [name for name, _ in dict(published(table, TEXTS))[""]] == ["help"]


async def test_telegram_takes_the_published_names_and_descriptions(table):
    for _, described in published(table, TEXTS):
        assert len(described) <= 100
        for name, description in described:
            assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
            assert 1 <= len(description) <= 256


async def test_every_command_is_in_the_usage_guide(table):
    guide = GUIDE.read_text("utf-8")
    assert [name for name in table.commands if not re.search(rf"\| `/{name}[ `]", guide)] == []
