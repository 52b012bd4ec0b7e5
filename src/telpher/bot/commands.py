"""The commands as Telegram's clients show them in a menu. Pure.

What is published is the areas' own table, so it cannot fall behind what is answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from telpher.bot.areas import Command, Table, Who
from telpher.bot.language import FALLBACK, Texts


def published(table: Table, texts: Texts) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(language, [(name, description)]) for `BotGateway.set_commands`: English for everybody, every
    other language for those who read it. What is for admins is not shown to the world."""
    shown = [each for each in table.commands.values() if each.who is Who.EVERYBODY]
    for language in sorted(texts.languages):
        code = "" if language == FALLBACK else language
        yield code, [(each.name, described(each, texts, language)) for each in shown]


def described(command: Command, texts: Texts, language: str) -> str:
    """What the command does, in a few words."""
    return texts.plain(f"command.{command.name}", language)
