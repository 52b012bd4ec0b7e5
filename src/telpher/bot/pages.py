"""The pages of the menu: what /start, /help and /about show, and the buttons between them. Pure.

A page is answered to a command and shown in place of another when its button is pressed, so both
come from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from telpher.bot import commands, keyboards
from telpher.bot.language import Html, Texts
from telpher.core.model import Person
from telpher.service.files import one_line
from telpher.telegram.gateway import Keyboard

NAME_LIMIT = 64  # characters: the longest first name Telegram takes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message shows: HTML of at most 4096 characters after parsing, and its buttons."""

    html: Html
    keyboard: Keyboard = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is made; `name` is as its bearer chose it."""

    name: str
    language: str

    @classmethod
    def of(cls, person: Person | None) -> Reader:
        if person is None:
            return cls("", "")
        return cls(person.first_name or person.username, person.language_code)


class Pages:
    """Makes the pages. `source_url` and `updates_url` are the settings of those names."""

    def __init__(
        self, texts: Texts, version: str, source_url: str = "", updates_url: str = ""
    ) -> None:
        self._texts = texts
        self._version = version
        self._addresses = (source_url, updates_url)
        self._makers = {"start": self._start, "help": self._help, "about": self._about}

    def make(self, name: str, reader: Reader) -> Answer | None:
        """The page called `name`, or None when there is no such page."""
        maker = self._makers.get(name)
        return maker(reader) if maker else None

    def _start(self, reader: Reader) -> Answer:
        name = one_line(reader.name, NAME_LIMIT)
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
            self._texts.render("page.help_command", language, name=name, description=description)
            for name, description in commands.described(self._texts, language)
        )
        return Html("\n".join(lines))
