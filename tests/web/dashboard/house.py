"""The dashboard on a real database, behind a real socket; files come from the fake engine."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from telpher.core.broadcast import Progress
from telpher.core.links import LinkSigner
from telpher.core.model import Kind, MessageRef, Person
from telpher.core.records import Job, LinkRecord
from telpher.core.tally import LinkMade, PersonSeen
from telpher.crew.telephone import Telephone
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.gathered import Gathered
from telpher.observe.troubles import Troubles
from telpher.service.bans import Bans
from telpher.service.broadcasts import BroadcastService
from telpher.service.denials import Denials
from telpher.service.figures import FigureDesk
from telpher.service.links import LinkService
from telpher.service.people import Access, People
from telpher.service.register import Register
from telpher.service.revocations import Revocations
from telpher.service.sign_in import SignIn
from telpher.storage.base import DatabaseStatus
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.web.dashboard.cookies import Cookies
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.pulse import Counters, Pulse
from tests import plain_http
from tests.bot.stage import Notes
from tests.web.fakes import World, serving

URL = "https://files.example.org"
ADMIN, BOSS = 99, 98
FORM = re.compile(r'name="form" value="([^"]+)"')
PAGES = (
    "/dashboard",
    *(f"/dashboard/{each}" for each in ("users", "files", "links", "broadcasts", "errors")),
    *("/dashboard/users/7", "/dashboard/users/8", "/dashboard/files/5", "/dashboard/files/6"),
    *("/dashboard/", "/dashboard/nothing", "/dashboard/users/7/ban", "/dashboard/users/x/y/z"),
)


@dataclass
class House:
    """What a test turns and looks at. `http` keeps no cookies: tests hand them over themselves."""

    world: World
    database: SqliteDatabase
    notes: Notes
    links: LinkService
    revocations: Revocations
    sign_in: SignIn
    broadcasts: BroadcastService
    pulse: Pulse
    troubles: Troubles
    admins: set[int]
    counters: list[Counters]
    woken: list[bool]
    http: httpx.AsyncClient
    cookie: dict[str, str] = field(default_factory=dict)

    async def enter(self, user_id: int = ADMIN) -> dict[str, str]:
        """Signs in as a browser does; the headers of who is."""
        answer = await self.post("/dashboard/sign-in", link=self.sign_in.invite(user_id))
        assert answer.status_code == 303, answer.text
        self.cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        return self.cookie

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={"Accept": "text/html", **self.cookie, **headers})

    async def post(self, path: str, headers: dict[str, str] | None = None, **form: str):
        """A form of one of our own pages, from a browser that says so."""
        own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", **self.cookie}
        return await self.http.post(path, data=form, headers={**own, **(headers or {})})

    async def form(self) -> str:
        """What the forms of this session hold."""
        found = FORM.search((await self.get("/dashboard")).text)
        assert found
        return found[1]

    async def away(self) -> None:
        """From now on the database does not answer."""
        await self.database.__aexit__(None, None, None)
        self.world.database = DatabaseStatus("unreachable", "sqlite")

    async def meet(
        self, user_id: int, name: str = "Ada", username: str = "", at: float = 0
    ) -> None:
        """Somebody has talked to the bot."""
        person = Person(user_id, name, username=username, language_code="en")
        self.notes.note(PersonSeen(person, at or self.world.clock.now()))
        await self.notes.flush()

    async def made(self, link_id: int, owner: int = 7, name: str = "film.mp4") -> LinkRecord:
        """A link that somebody had made."""
        now = self.world.clock.now()
        record = LinkRecord(
            link_id,
            owner,
            MessageRef(owner, link_id),
            now,
            0,
            0,
            link_id,
            name,
            1 << 20,
            Kind.VIDEO,
        )
        self.notes.note(LinkMade(record))
        await self.notes.flush()
        return record


@contextlib.asynccontextmanager
async def house(work_dir: Path, url: str = URL) -> AsyncIterator[House]:
    """One that serves."""
    world = World()
    clock, admins, woken, counters = world.clock, {ADMIN, BOSS}, list[bool](), [Counters()]
    async with (
        SqliteDatabase(work_dir / "telpher.sqlite3", clock) as database,
        LocalStore(work_dir / "local.sqlite3") as local,
    ):
        notes = Notes(database)
        denials, register = Denials(), Register(notes, database.links)
        links = LinkService(LinkSigner(b"s" * 32), URL, clock, denials=denials, register=register)
        revocations = Revocations(denials, database, local, notes, register, clock)
        access = Access(admins)
        sign_in = SignIn(b"d" * 32, database.leases, access, clock)
        broadcasts = BroadcastService(database, clock, lambda: woken.append(True))
        troubles = Troubles()
        pulse = Pulse(lambda: counters[-1], clock)
        secure = url.startswith("https:")
        people = People(database.users, notes, clock, revocations.refresh)
        world.dashboard = DashboardDeps(
            sign_in=sign_in,
            cookies=Cookies(sign_in, secure=secure),
            database=database,
            links=links,
            revocations=revocations,
            bans=Bans(people, access),
            access=access,
            troubles=Gathered(troubles, Telephone(), Catalogue.shipped()).recent,
            broadcasts=broadcasts,
            figures=FigureDesk(database, clock),
            pulse=pulse,
            secure=secure,
            memory_limit=1 << 30,
        )
        async with (
            serving(world.app(), clock) as server,
            plain_http.client(f"http://127.0.0.1:{server.port}") as http,
        ):
            yield House(
                *(world, database, notes, links, revocations, sign_in, broadcasts, pulse),
                troubles,
                *(admins, counters, woken, http),
            )


def running(job: Job, **progress: int) -> Job:
    """The job once it is that far."""
    return replace(job, progress=Progress(**progress).dump())
