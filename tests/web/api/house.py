"""The API on a real database, behind a real socket; files come from the fake engine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from telpher.core.filekeys import FileKeys
from telpher.core.links import LinkSigner
from telpher.core.model import MessageRef
from telpher.core.tokens import Scope
from telpher.service.bans import Bans
from telpher.service.denials import Denials
from telpher.service.figures import FigureDesk
from telpher.service.links import LinkService
from telpher.service.people import Access, People
from telpher.service.register import Register
from telpher.service.revocations import Revocations
from telpher.service.tokens import Tokens
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.web.api.deps import ApiDeps
from telpher.web.deps import Counted
from telpher.web.limiting.rates import Rates
from telpher.web.limiting.shared import OwnCounts
from telpher.web.server import HttpServer
from tests import plain_http
from tests.bot.stage import Notes
from tests.web.fakes import World, serving

URL = "https://files.example.org"
ADMIN = 99


@dataclass
class House:
    """What a test turns and looks at; `http` has a token that may do everything."""

    world: World
    database: SqliteDatabase
    links: LinkService
    tokens: Tokens
    wanted: list[MessageRef]
    server: HttpServer
    http: httpx.AsyncClient
    token: str

    async def token_for(self, *scopes: Scope, days: float = 0) -> dict[str, str]:
        """The headers of somebody with a token of these scopes."""
        text, _ = await self.tokens.create("x", scopes, days)
        return {"Authorization": f"Bearer {text}"}

    async def make(self, owner: int = 7, ref: MessageRef | None = None) -> Any:
        """A link made by the API."""
        ref = ref or next(iter(self.world.engine.files))
        body = {"chat_id": ref.chat_id, "message_id": ref.message_id, "owner": owner}
        answer = await self.http.post("/api/links", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()


@contextlib.asynccontextmanager
async def house(work_dir: Path, per_minute: int = 0) -> AsyncIterator[House]:
    """One that serves; `per_minute` is RATE_LIMIT_PER_MINUTE."""
    world, wanted = World(), list[MessageRef]()
    clock = world.clock
    world.rates = Rates(per_minute, OwnCounts(clock)) if per_minute else None
    async with (
        SqliteDatabase(work_dir / "telpher.sqlite3", clock) as database,
        LocalStore(work_dir / "local.sqlite3") as local,
    ):
        notes = Notes(database)
        denials, register = Denials(), Register(notes, database.links)
        signer = LinkSigner(b"s" * 32)
        links = LinkService(signer, URL, clock, denials=denials, register=register)
        revocations = Revocations(denials, database, local, notes, register, clock)
        people = People(database.users, notes, clock, revocations.refresh)
        bans = Bans(people, Access(frozenset({ADMIN})))
        tokens = Tokens(database.tokens, clock)
        desk = FigureDesk(database, clock)
        world.counted = Counted(desk, FileKeys(b"s" * 32))
        world.api = ApiDeps(tokens, database, links, revocations, bans, wanted.append, desk)
        text, _ = await tokens.create("everything", Scope)
        async with (
            serving(world.app(), clock) as server,
            plain_http.client(f"http://127.0.0.1:{server.port}") as http,
        ):
            http.headers["Authorization"] = f"Bearer {text}"
            yield House(world, database, links, tokens, wanted, server, http, text)
