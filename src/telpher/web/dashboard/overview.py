"""The first page: how it is now, and how it was.

    GET /dashboard            the page; ?period= says which history it shows
    GET /dashboard/live       JSON: the figures of this moment; ?since= the beats after that time
    GET /dashboard/history    JSON: what the charts show; ?period=

What the database knows comes in one piece or not at all: without it the page shows what goes on in
telpher, and says what is missing.
"""

from __future__ import annotations

import math
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from telpher.core.sign_in import Session
from telpher.errors import StorageError
from telpher.web.dashboard.broadcasts import RUNNING
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.history import PERIODS, history, period_of
from telpher.web.dashboard.pulse import EVERY, KEPT
from telpher.web.dashboard.sheets import Sheets
from telpher.web.dashboard.shown import Shown
from telpher.web.deps import WebDeps
from telpher.web.system import Checkup

_JOBS: Final = 10
_TROUBLES: Final = 3


class Overview:
    """See the module."""

    def __init__(self, web: WebDeps, deps: DashboardDeps, sheets: Sheets) -> None:
        self._web = web
        self._deps = deps
        self._sheets = sheets
        self._checkup = Checkup(web)
        self._clock = web.clock
        self._began = web.clock.monotonic()

    async def show(self, request: Request, session: Session) -> Response:
        """The page."""
        period = period_of(request.query_params.get("period"))
        values = {
            "here": "",
            "live": await self._figures(),
            "every": int(EVERY * 1000),
            "kept": KEPT,
            "period": period,
            "periods": PERIODS.values(),
            "troubles": (await self._deps.troubles())[:_TROUBLES],
            "known": await self._known(period.name),
        }
        return self._sheets.answer(request, session, "dashboard/overview.html", values)

    async def live(self, request: Request) -> object:
        """The figures of this moment, as they are shown, and the beats of the last minutes."""
        beats = self._deps.pulse.since(_number(request.query_params.get("since")))
        rows = [
            [round(b.at, 3), b.streams, round(b.sent), round(b.fetched), b.memory, round(b.cpu, 3)]
            for b in beats
        ]
        return {"figures": await self._figures(), "beats": rows}

    async def history(self, request: Request) -> object:
        """What the charts show. Raises StorageError."""
        period = period_of(request.query_params.get("period"))
        found = await history(self._deps.database.ledger, period, self._clock.now())
        return found.told()

    async def _figures(self) -> dict[str, object]:
        now = self._clock.now()
        show, counters, beat = Shown(now), self._deps.pulse.counters, self._deps.pulse.newest
        account, database = self._web.status(), self._web.database()
        memory, limit = counters.memory, self._deps.memory_limit
        report = await self._checkup.report()
        return {
            "streams": show.number(counters.streams),
            "sent": show.rate(beat.sent if beat else 0),
            "fetched": show.rate(beat.fetched if beat else 0),
            "hit_rate": show.part(counters.hit_rate),
            "cached": show.compact(counters.cached),
            "cache_budget": show.compact(counters.cache_budget),
            "memory": show.compact(memory),
            "memory_share": show.share(memory, limit),
            "cpu": show.share(beat.cpu if beat else 0, 1),
            "uptime": show.duration(self._clock.monotonic() - self._began),
            "connections": show.number(sum(report["dc_connections"].values())),
            "bot": account.state.value,
            "database": database.status,
            "level": report["status"],
            "reasons": [each["message"] for each in report["reasons"]],
        }

    async def _known(self, period: str) -> dict[str, object] | None:
        """What the database says; None while it does not answer."""
        database, now = self._deps.database, self._clock.now()
        try:
            jobs = await self._deps.broadcasts.recent(_JOBS)
            return {
                "figures": await self._deps.figures.now(),
                "history": await history(database.ledger, period_of(period), now),
                "running": [each for each in jobs if each[0].state in RUNNING],
            }
        except StorageError:
            return None


def _number(text: str | None) -> float:
    """A time out of a query; 0 for what is none."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
