"""What the dashboard is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from telpher.core.broadcast import Progress
from telpher.core.records import Job
from telpher.observe.troubles import Trouble
from telpher.service.bans import Bans
from telpher.service.figures import Figures
from telpher.service.links import LinkService
from telpher.service.people import Access
from telpher.service.revocations import Revocations
from telpher.service.sign_in import SignIn
from telpher.storage.base import Database
from telpher.web.dashboard.cookies import Cookies
from telpher.web.dashboard.pulse import Pulse


class FigureSource(Protocol):
    """Who keeps the figures for a moment, whoever asks (service/figures)."""

    async def now(self) -> Figures:
        """Those of some seconds ago at most. Raises StorageError."""
        ...


class BroadcastDesk(Protocol):
    """Who knows of broadcasts."""

    async def recent(self, limit: int) -> Sequence[tuple[Job, Progress]]:
        """The newest ones, and how far each is. Raises StorageError."""
        ...

    async def cancel(self, job_id: str) -> bool:
        """Has it stop; False when it is over. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class DashboardDeps:
    """`secure`: whether people reach the server by https. `troubles` tells what went wrong of late,
    the newest first. `memory_limit` in bytes: what the machine lets the process have."""

    sign_in: SignIn
    cookies: Cookies
    database: Database
    links: LinkService
    revocations: Revocations
    bans: Bans
    access: Access
    broadcasts: BroadcastDesk
    figures: FigureSource
    pulse: Pulse
    troubles: Callable[[], Awaitable[Sequence[Trouble]]]
    secure: bool
    memory_limit: int
