"""What the server says of itself: / and /health (rules 21, 22, 42, 44).

/health/live    the process answers; touches nothing, platforms restart what fails it
/health/ready   links play now; balancers send no viewers while it fails
/health         all of it in figures; 503 only when links cannot play
"""

from __future__ import annotations

import asyncio
import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telpher._version import VERSION
from telpher.telegram.gateway import AccountState
from telpher.web.accept import prefers_html
from telpher.web.deps import WebDeps
from telpher.web.machine import Machine
from telpher.web.pages import Pages

SERVICE: Final = "telpher"

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


class System:
    """The routes that describe the running process."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._machine = Machine(deps.disk)
        self._started = deps.clock.monotonic()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.home),
            Route("/health", self.health),
            Route("/health/live", self.live),
            Route("/health/ready", self.ready),
        ]

    async def home(self, request: Request) -> Response:
        """That it runs, for scripts; a word on how to use it, for people."""
        account = self._deps.status()
        facts = {
            "status": "running",
            "service": SERVICE,
            "version": VERSION,
            "bot_status": account.state.value,
        }
        if prefers_html(request.headers.get("accept")):
            more = {
                "username": account.username,
                "connected": account.state is AccountState.CONNECTED,
                "dead": account.state is AccountState.DEAD,
            }
            return self._pages.answer("home.html", {**facts, **more})
        return JSONResponse(facts, headers=_HEADERS)

    async def live(self, _request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers=_HEADERS)

    async def ready(self, _request: Request) -> Response:
        if self._deps.lifecycle.draining:
            return _status("draining", HTTPStatus.SERVICE_UNAVAILABLE)
        if not self._connected():
            return _status("not connected", HTTPStatus.SERVICE_UNAVAILABLE)
        return _status("ready", HTTPStatus.OK)

    async def health(self, _request: Request) -> Response:
        connected = self._connected()
        return JSONResponse(
            self._report(connected),
            HTTPStatus.OK if connected else HTTPStatus.SERVICE_UNAVAILABLE,
            _HEADERS,
        )

    def _connected(self) -> bool:
        return self._deps.status().state is AccountState.CONNECTED

    def _report(self, connected: bool) -> dict[str, object]:
        clock = self._deps.clock
        database = self._deps.database()
        engine = self._deps.engine.stats()
        account = self._deps.status()
        load = self._machine.load()
        now = datetime.datetime.fromtimestamp(clock.now(), datetime.UTC)
        return {
            "status": _verdict(connected, database.status == "unreachable"),
            "timestamp": now.isoformat(),
            "uptime_seconds": round(clock.monotonic() - self._started, 3),
            "version": VERSION,
            "draining": self._deps.lifecycle.draining,
            "bot": {
                "connected": connected,
                "status": account.state.value,
                "username": account.username,
                "reason": account.reason,
            },
            "database": {"status": database.status, "type": database.type},
            "system": {
                "cpu_percent": load.cpu_percent,
                "memory_percent": load.memory_percent,
                "memory_available_mb": load.memory_available_mb,
                "disk_percent": load.disk_percent,
            },
            "cache": {
                "file_properties_cached": engine.file_properties_cached,
                "reserved_bytes": engine.cache_bytes,
                "budget_bytes": engine.cache_budget,
            },
            "streams": {"active": engine.active_streams},
            "process": {"tasks": len(asyncio.all_tasks())},
            "dc_clients": {
                str(dc): "connected" if count else "idle" for dc, count in account.dcs.items()
            },
            "dc_connections": {str(dc): count for dc, count in account.dcs.items()},
        }


def _verdict(connected: bool, database_down: bool) -> str:
    if not connected:
        return "unhealthy"
    return "degraded" if database_down else "healthy"


def _status(word: str, status: HTTPStatus) -> Response:
    return JSONResponse({"status": word}, status, _HEADERS)
