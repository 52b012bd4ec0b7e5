"""The dashboard: who may enter, and what it shows of the other rooms. Part of the composition
root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from telpher.books import Books, secret_text
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.links import derive_secret
from telpher.memory import memory_limit
from telpher.observe.gathered import Gathered
from telpher.service.bans import Bans
from telpher.service.broadcasts import BroadcastService
from telpher.service.sign_in import SignIn
from telpher.storage.base import Database
from telpher.web.dashboard.cookies import Cookies
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.entrance import SIGN_IN
from telpher.web.dashboard.pulse import Counters, Pulse

# What the secret is derived for (core/links).
_PURPOSE: Final = "dashboard secret 1"


@dataclass(frozen=True, slots=True)
class Entry:
    """The way in: `cookies` know who is in, `invite` makes a link. `pulse` has a job."""

    sign_in: SignIn
    cookies: Cookies
    pulse: Pulse
    base_url: str

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    def invite(self, user_id: int) -> str:
        return f"{self.base_url.rstrip('/')}/{SIGN_IN}?link={self.sign_in.invite(user_id)}"


def open_entry(
    settings: Settings,
    clock: Clock,
    database: Database,
    books: Books,
    counters: Callable[[], Counters],
) -> Entry:
    """Makes it; `counters` are those of the byte path."""
    secret = derive_secret(secret_text(settings), _PURPOSE)
    sign_in = SignIn(secret, database.leases, books.access, clock)
    secure = settings.base_url.startswith("https://")
    cookies = Cookies(sign_in, secure=secure)
    return Entry(sign_in, cookies, Pulse(counters, clock), settings.base_url)


def dashboard_deps(
    entry: Entry,
    books: Books,
    database: Database,
    broadcasts: BroadcastService,
    troubles: Gathered,
) -> DashboardDeps:
    """What the pages are given."""
    return DashboardDeps(
        sign_in=entry.sign_in,
        cookies=entry.cookies,
        database=database,
        links=books.links,
        revocations=books.revocations,
        bans=Bans(books.people, books.access),
        access=books.access,
        troubles=troubles.recent,
        broadcasts=broadcasts,
        figures=books.figures,
        pulse=entry.pulse,
        secure=entry.secure,
        memory_limit=memory_limit(),
    )
