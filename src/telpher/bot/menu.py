"""The menu: what /start, /help and /about show, and the buttons between them (rule 23).

A page is answered to a command and shown in place of another when its button is pressed, so both
come from here. Every page stands below a banner, so its text is a caption and short.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from telpher.bot import keyboards
from telpher.bot.areas import Area, Command, Offer, Press, Who
from telpher.bot.commands import described
from telpher.bot.language import Html, Texts
from telpher.bot.turn import Answer, Reader, Turn
from telpher.core import display
from telpher.service.people import Access

NAME_LIMIT = 64  # characters: the longest first name Telegram takes

COMMANDS: Final = "commands"  # the page that lists them

BannerOf = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class About:
    """What the pages tell: `source_url` and `updates_url` are the settings of those names."""

    version: str
    source_url: str = ""
    updates_url: str = ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the bot is at this moment. `uptime` in seconds; `dcs` maps a data centre's id to its
    number of open file connections."""

    name: str = ""
    username: str = ""
    uptime: float = 0.0
    streams: int = 0
    dcs: Mapping[int, int] = field(default_factory=dict)


class Pages:
    """Makes the pages for a reader; the last one lists `commands`. Pure, but for `vitals`, which
    is asked for each time."""

    def __init__(
        self,
        texts: Texts,
        about: About,
        commands: Sequence[Command],
        vitals: Callable[[], Vitals] = Vitals,
    ) -> None:
        self._texts = texts
        self._version = about.version
        self._addresses = (about.source_url, about.updates_url)
        self._commands = commands
        self._vitals = vitals
        self._makers = {
            "start": self._start,
            "help": self._help,
            "about": self._about,
            "info": self._info,
        }

    def make(
        self, name: str, reader: Reader, may: Collection[Who] = (Who.EVERYBODY,)
    ) -> Answer | None:
        """The page called `name`, or None when there is no such page; commands are listed to those
        who `may` give them."""
        if name == COMMANDS:
            return self._command_list(reader, may)
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
        return self._inner("help", reader, COMMANDS)

    def _about(self, reader: Reader) -> Answer:
        return self._inner("about", reader, version=self._version)

    def _info(self, reader: Reader) -> Answer:
        vitals = self._vitals()
        return self._inner(
            "info",
            reader,
            title=display.one_line(vitals.name, NAME_LIMIT) or "telpher",
            username=vitals.username or "?",
            version=self._version,
            time=display.duration(vitals.uptime),
            number=vitals.streams,
            dcs=", ".join(f"{dc} ({count})" for dc, count in sorted(vitals.dcs.items())) or "-",
        )

    def _command_list(self, reader: Reader, may: Collection[Who]) -> Answer:
        lines = (
            self._texts.render(
                "page.help_command",
                reader.language,
                name=command.name,
                description=described(command, self._texts, reader.language),
            )
            for command in self._commands
            if command.who in may
        )
        return self._inner(COMMANDS, reader, "help", commands=Html("\n".join(lines)))

    def _inner(self, page: str, reader: Reader, beside: str = "", **values: object) -> Answer:
        """A page that leads back to the menu, and to the one `beside` it."""
        return Answer(
            self._texts.render(f"page.{page}", reader.language, **values),
            keyboards.back(self._texts, reader.language, beside),
        )


class Menu:
    """The area of the pages; `others` are all other areas, whose commands are listed too."""

    def __init__(
        self,
        pages: Callable[[Sequence[Command]], Pages],
        banner_of: BannerOf,
        access: Access,
        others: Sequence[Area],
    ) -> None:
        own = self._commands()
        self._pages = pages(
            [*own, *(command for area in others for command in area.offer().commands)]
        )
        self._banner_of = banner_of
        self._access = access

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
        page = await self._page(turn, name)
        if page is not None:
            await turn.say(page)

    async def _turn_to(self, turn: Turn, name: str) -> None:
        page = await self._page(turn, name)
        if page is None:
            await turn.end_spinner(turn.plain("press.stale"))
        else:
            await turn.show(page)

    async def _page(self, turn: Turn, name: str) -> Answer | None:
        """The page below its banner."""
        may = tuple(Who) if self._access.is_admin(turn.user_id) else (Who.EVERYBODY,)
        page = self._pages.make(name, turn.reader, may)
        if page is None:
            return None
        picture = await self._banner_of("help" if name == COMMANDS else name)
        return dataclasses.replace(page, picture=picture)
