"""The whole bot on a real database, with a Telegram that is a list of what was sent."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from telpher.bot.batch import BatchRules
from telpher.bot.build import Bot, BotDeps, Rules, create_bot
from telpher.bot.menu import About, Vitals
from telpher.clock import FakeClock
from telpher.core.links import LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef, Person
from telpher.core.tally import tally
from telpher.errors import StorageError
from telpher.service.denials import Denials
from telpher.service.figures import FigureDesk
from telpher.service.links import LinkService
from telpher.service.log_level import LogLevel
from telpher.service.people import Access, People
from telpher.service.register import Register
from telpher.service.revocations import Revocations
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.telegram.gateway import ButtonPress, IncomingMessage
from tests.bot.fake_gateway import FakeGateway, Sent
from tests.telegram.fake_chats import FakeChats, FakePosts

ADA = Person(7, "Ada", language_code="en")
BOB = Person(8, "Bob", language_code="en")
FILM = FileInfo(1, 1536, "video/mp4", "film.mp4", Kind.VIDEO, date=0, duration=90)
GROUP = MessageRef(-1001234567890, 5)
URL = "https://files.example.org"


@dataclass
class Notes:
    """A journal that brings everything to the database at once; `away` fails as that does."""

    database: SqliteDatabase
    number: int = 0
    events: list = field(default_factory=list)

    def note(self, event):
        self.events.append(event)

    async def kept(self, *events):
        self.events += events
        with contextlib.suppress(StorageError):
            await self.flush()

    async def flush(self):
        self.number += 1
        events, self.events = self.events, []
        await self.database.ledger.apply("test", self.number, tally(events))


@dataclass
class Stage:
    """The bot, and what is around it."""

    bot: Bot
    gateway: FakeGateway
    chats: FakeChats
    database: SqliteDatabase
    notes: Notes
    links: LinkService
    clock: FakeClock
    wanted: list[MessageRef]
    posts: FakePosts
    log_levels: list[str]
    restarts: list[bool]
    vitals: Vitals
    number: int = 100

    async def away(self):
        """From now on the database does not answer."""
        await self.database.__aexit__(None, None, None)

    async def say(self, text="", person=ADA, **fields) -> Sent | None:
        """Somebody writes in private; the last thing the bot said since."""
        self.number += 1
        ref = fields.pop("ref", MessageRef(person.user_id, self.number))
        name, _, arguments = text[1:].partition(" ") if text.startswith("/") else ("", "", "")
        before = len(self.gateway.sent)
        await self.bot.router(
            IncomingMessage(
                ref=ref,
                sender=person,
                private=ref.chat_id > 0,
                text=text,
                command=name,
                arguments=arguments.strip(),
                **fields,
            )
        )
        return self.gateway.sent[-1] if len(self.gateway.sent) > before else None

    async def press(self, sent: Sent, label: str, person=ADA) -> Sent | None:
        """Presses the button with that label; what the message shows then, if it was changed."""
        return await self.press_data(sent.button(label).data, person, sent.ref)

    async def press_data(self, data: bytes, person=ADA, ref=None) -> Sent | None:
        self.number += 1
        before = len(self.gateway.edited)
        ref = ref or MessageRef(person.user_id, 1000)
        await self.bot.router(ButtonPress(ref, person, query_id=self.number, data=data))
        return self.gateway.edited[-1] if len(self.gateway.edited) > before else None

    def reports(self) -> list[str]:
        """What LOG_CHANNEL is told, as far as it is noted."""
        return [str(text) for _, text in self.bot.reports._waiting]

    @property
    def note(self) -> str:
        """What the last press was answered with."""
        return self.gateway.pressed[-1][1]


@contextlib.asynccontextmanager
async def stage(work_dir, *, url=URL, access=None, most=100, **rules):
    """A bot that is up."""
    clock, gateway, chats, wanted = FakeClock(), FakeGateway(), FakeChats(), []
    posts, log_levels, restarts = FakePosts(), [], []
    vitals = Vitals("Telpher", "telpher_bot", 3661, 3, {2: 4, 4: 1})
    async with (
        SqliteDatabase(work_dir / "telpher.sqlite3", clock) as database,
        LocalStore(work_dir / "local.sqlite3") as local,
    ):
        notes = Notes(database)
        denials, register = Denials(), Register(notes, database.links)
        signer = LinkSigner(b"s" * 32)
        links = LinkService(signer, url, clock, denials=denials, register=register)
        revocations = Revocations(denials, database, local, notes, register, clock)
        bot = create_bot(
            BotDeps(
                gateway=gateway,
                answers=gateway,
                chats=chats,
                posts=posts,
                files=chats,
                links=links,
                revocations=revocations,
                people=People(database.users, notes, clock, revocations.refresh),
                notes=notes,
                database=database,
                clock=clock,
                rules=Rules(access or Access(), About("1.0"), BatchRules(most, url), **rules),
                link_made=wanted.append,
                instance="here",
                log_level=LogLevel(database.values, clock, "INFO", log_levels.append),
                restart=lambda: restarts.append(True),
                vitals=lambda: vitals,
                figures=FigureDesk(database, clock),
                invite=lambda user_id: f"{url}/dashboard/sign-in?link=of-{user_id}",
            )
        )
        yield Stage(
            *(bot, gateway, chats, database, notes, links, clock, wanted, posts),
            *(log_levels, restarts, vitals),
        )
