"""What went wrong of late, with its diagnosis, and what viewers were told.

GET /dashboard/errors
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from telpher.clock import Clock
from telpher.core.sign_in import Session
from telpher.core.tally import DAY, HourSum
from telpher.errors import StorageError
from telpher.storage.base import Ledger
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.sheets import Sheets
from telpher.web.errors import MESSAGES


class TroublePages:
    """See the module."""

    def __init__(self, deps: DashboardDeps, sheets: Sheets, clock: Clock) -> None:
        self._deps = deps
        self._sheets = sheets
        self._clock = clock

    async def show(self, request: Request, session: Session) -> Response:
        """The page; with the database away it shows what telpher remembers."""
        values = {
            "here": "errors",
            "list": await self._deps.troubles(),
            "told": await told(self._deps.database.ledger, self._clock.now()),
            "messages": MESSAGES,
        }
        return self._sheets.answer(request, session, "dashboard/errors.html", values)


async def told(ledger: Ledger, now: float) -> list[tuple[str, int]] | None:
    """How often viewers were told of which error in the last day, most first; None while the
    database does not say."""
    day = HourSum()
    try:
        for each in (await ledger.hours(now - DAY, now + 1)).values():
            day.add(each)
    except StorageError:
        return None
    return sorted(day.shown.items(), key=lambda item: (-item[1], item[0]))
