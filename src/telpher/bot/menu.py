"""The menu: what /start, /help and /about show, and the buttons between them.

A page is answered to a command and shown in place of another when its button is pressed, so both
come from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telpher.bot import keyboards
from telpher.bot.areas import Area, Command, Offer, Press, Who
from telpher.bot.commands import described
from telpher.bot.language import Html, Texts
from telpher.bot.turn import Answer, Reader, Turn
from telpher.core import display

NAME_LIMIT = 64  # characters: the longest first name Telegram takes


@dataclass(frozen=True, slots=True)
class About:
    """What the pages tell: `source_url` and `updates_url` are the settings of those names."""

    version: str
    source_url: str = ""
    updates_url: str = ""


class Pages:
    """Makes the pages for a reader; /help lists `commands`. Pure."""

    def __init__(self, texts: Texts, about: About, commands: Sequence[Command]) -> None:
        self._texts = texts
        self._version = about.version
        self._addresses = (about.source_url, about.updates_url)
        self._commands = commands
        self._makers = {"start": self._start, "help": self._help, "about": self._about}

    def make(self, name: str, reader: Reader) -> Answer | None:
        """The page called `name`, or None when there is no such page."""
        maker = self._makers.get(name)
        return maker(reader) if maker else None

    def _start(self, reader: Reader) -> Answer:
        name = display.one_line(reader.name, NAME_LIMIT)
        return Answer(
            self._texts.render(
                "page.start",
                reader.language,
                name=name or self._texts.render("page.nameless", reader.language),
            ),
            keyboards.menu(self._texts, reader.language, *self._addresses),
        )

    def _help(self, reader: Reader) -> Answer:
        return self._with_way_back("help", reader, commands=self._command_list(reader.language))

    def _about(self, reader: Reader) -> Answer:
        return self._with_way_back("about", reader, version=self._version)

    def _with_way_back(self, name: str, reader: Reader, **values: str) -> Answer:
        return Answer(
            self._texts.render(f"page.{name}", reader.language, **values),
            keyboards.back(self._texts, reader.language),
        )

    def _command_list(self, language: str) -> Html:
        lines = (
            self._texts.render(
                "page.help_command",
                language,
                name=command.name,
                description=described(command, self._texts, language),
            )
            for command in self._commands
            if command.who is Who.EVERYBODY
        )
        return Html("\n".join(lines))


class Menu:
    """The area of the pages; `others` are all other areas, whose commands /help lists too."""

    def __init__(self, texts: Texts, about: About, others: Sequence[Area]) -> None:
        own = self._commands()
        listed = [*own, *(command for area in others for command in area.offer().commands)]
        self._pages = Pages(texts, about, listed)

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(commands=self._commands(), presses=(Press(keyboards.PAGE, self._turn_to),))

    def _commands(self) -> tuple[Command, ...]:
        return (
            Command("start", self._say_start),
            Command("help", self._say_help),
            Command("about", self._say_about),
        )

    async def _say_start(self, turn: Turn) -> None:
        await self._say(turn, "start")

    async def _say_help(self, turn: Turn) -> None:
        await self._say(turn, "help")

    async def _say_about(self, turn: Turn) -> None:
        await self._say(turn, "about")

    async def _say(self, turn: Turn, name: str) -> None:
        page = self._pages.make(name, turn.reader)
        if page is not None:
            await turn.say(page)

    async def _turn_to(self, turn: Turn, name: str) -> None:
        page = self._pages.make(name, turn.reader)
        if page is None:
            await turn.end_spinner(turn.plain("press.stale"))
        else:
            await turn.show(page)
