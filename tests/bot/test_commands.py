import re
from pathlib import Path

import pytest

from telpher.bot.areas import Command, Table, Who
from telpher.bot.commands import published
from telpher.bot.language import Texts
from tests.bot.fake_gateway import FakeGateway
from tests.bot.test_router import router

TEXTS = Texts.load()
GUIDE = Path(__file__).parents[2] / "docs" / "USAGE_GUIDE.md"
TABLE = router(FakeGateway()).table


def test_english_is_for_everybody_and_each_other_language_for_its_readers():
    languages = dict(published(TABLE, TEXTS))
    assert set(languages) == {"", *TEXTS.languages} - {"en"}
    assert len({tuple(name for name, _ in each) for each in languages.values()}) == 1


def test_what_is_for_admins_is_not_published():
    table = Table(commands={"help": Command("help", None), "ban": Command("ban", None, Who.ADMINS)})
    assert [name for name, _ in dict(published(table, TEXTS))[""]] == ["help"]


def test_telegram_takes_the_published_names_and_descriptions():
    for _, described in published(TABLE, TEXTS):
        assert len(described) <= 100
        for name, description in described:
            assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
            assert 1 <= len(description) <= 256


@pytest.mark.parametrize("name", sorted(TABLE.commands))
def test_every_command_is_in_the_usage_guide(name):
    assert f"| `/{name}` |" in GUIDE.read_text("utf-8")
