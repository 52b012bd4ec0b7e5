"""The commands the bot knows, in one table. Pure.

What is published to Telegram, what /help lists and what the router looks up are this table, so none
of them can fall behind the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from telpher.bot.language import Texts


@dataclass(frozen=True, slots=True)
class Command:
    """`name` without the slash; `page` is what it answers (a name that `pages.Pages` knows).

    Its description is the text "command.<name>".
    """

    name: str
    page: str


COMMANDS = (
    Command("start", page="start"),
    Command("help", page="help"),
    Command("about", page="about"),
)


def find(name: str) -> Command | None:
    """The command called `name`; Telegram's clients write it in any case."""
    return next((each for each in COMMANDS if each.name == name.lower()), None)


def described(texts: Texts, language: str = "") -> list[tuple[str, str]]:
    """(name, description) of every command, as `BotGateway.set_commands` takes them."""
    return [(each.name, texts.plain(f"command.{each.name}", language)) for each in COMMANDS]
