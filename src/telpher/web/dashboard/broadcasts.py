"""Broadcasts: how far the running ones are, and what came of the others.

GET  /dashboard/broadcasts
POST /dashboard/broadcasts/ID/cancel    it stops with the next users
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from telpher.core.records import JobState
from telpher.core.sign_in import Session
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.sheets import Sheets

SHOWN: Final = 30

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RUNNING: Final = frozenset({JobState.WAITING, JobState.RUNNING})


class BroadcastPages:
    """See the module."""

    def __init__(self, deps: DashboardDeps, sheets: Sheets) -> None:
        self._deps = deps
        self._sheets = sheets

    async def show(self, request: Request, session: Session) -> Response:
        """The list."""
        found = await self._deps.broadcasts.recent(SHOWN)
        values = {"here": "broadcasts", "list": found, "running": RUNNING}
        return self._sheets.answer(request, session, "dashboard/broadcasts.html", values)

    async def cancel(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        """Has one stop."""
        job_id = request.path_params["job_id"]
        found = await self._deps.broadcasts.cancel(job_id)
        _log.info("a broadcast is to stop", job=job_id, known=found, by=session.user_id)
        return self._sheets.after(request, form, "cancelled" if found else "over")
