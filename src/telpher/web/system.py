"""What the server says of itself: / and /health (rules 21, 22, 42, 44).

/health/live    the process answers; touches nothing, platforms restart what fails it
/health/ready   links play now; balancers send no viewers while it fails
/health         all of it in figures, and what is wrong (`web.health`); 503 only when links cannot
                play

Nothing here awaits but the other workers (`web.checkup`), where there are any, and those a moment
at most: whatever hangs, the answer comes at once, from what was noted before.
"""

from __future__ import annotations

import asyncio
import datetime
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telpher._version import VERSION
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web import checkup
from telpher.web.accept import prefers_html
from telpher.web.deps import WebDeps
from telpher.web.health import Known, Level, Reason, level_of, reasons
from telpher.web.pages import Pages

SERVICE: Final = "telpher"

_MIB: Final = 1 << 20

_REDIS: Final = {None: "not configured", True: "connected", False: "unreachable"}

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


def judged(deps: WebDeps) -> list[Reason]:
    """What is not as it should be with this process, at this moment."""
    return reasons(
        Known(
            draining=deps.lifecycle.draining,
            main=deps.status(),
            extras=deps.extras(),
            database=deps.database().status != "unreachable",
            redis=deps.redis(),
            load=deps.machine(),
        )
    )


class System:
    """The routes that describe the running process."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._checkup = Checkup(deps)

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
        if not self._connected() and not self._another_is_able():
            return _status("not connected", HTTPStatus.SERVICE_UNAVAILABLE)
        return _status("ready", HTTPStatus.OK)

    async def health(self, _request: Request) -> Response:
        report = await self._checkup.report()
        serves = report["status"] != Level.UNHEALTHY
        status = HTTPStatus.OK if serves else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(report, status, _HEADERS)

    def _another_is_able(self) -> bool:
        """Then it gets the requests for files (`web.handover`)."""
        telephone = self._deps.telephone
        board = telephone.place.board
        return board is not None and any(map(board.able, telephone.siblings))

    def _connected(self) -> bool:
        return self._deps.status().state is AccountState.CONNECTED


class Checkup:
    """How all of telpher is; the other workers are answered from here, too."""

    def __init__(self, deps: WebDeps) -> None:
        self._deps = deps
        self._started = deps.clock.monotonic()
        deps.telephone.answer("health", lambda _asked: self._report())

    async def report(self) -> dict[str, Any]:
        """What /health says."""
        telephone, own = self._deps.telephone, self._report()
        if telephone.siblings:
            here = telephone.place.number
            own = checkup.of_all({here: own, **await telephone.ask_all("health")}, here)
        return checkup.without_lookups(own)

    def _report(self) -> dict[str, Any]:
        deps, clock = self._deps, self._deps.clock
        account, extras, database = deps.status(), deps.extras(), deps.database()
        load, engine = deps.machine(), deps.engine.stats()
        good = engine.cache.hits + engine.cache.joined
        found = judged(deps)
        return {
            "status": level_of(found).value,
            "reasons": [{"reason": each.word, "message": each.sentence} for each in found],
            "timestamp": _iso(clock.now()),
            "uptime_seconds": round(clock.monotonic() - self._started, 3),
            "version": VERSION,
            "draining": deps.lifecycle.draining,
            "bot": _bot(account),
            "database": {"status": database.status, "type": database.type},
            "redis": {"status": _REDIS[deps.redis()]},
            "system": {
                "cpu_percent": load.cpu_percent,
                "memory_percent": load.memory_percent,
                "memory_available_mb": round(load.memory_available / _MIB, 1),
                "disk_percent": load.disk.percent if load.disk else None,
                "disk_free_mb": round(load.disk.free / _MIB, 1) if load.disk else None,
            },
            "cache": {
                "file_properties_cached": engine.file_properties_cached,
                "reserved_bytes": engine.cache_bytes,
                "budget_bytes": engine.cache_budget,
                "hit_rate": _rounded(engine.cache.hit_rate),
                checkup.LOOKUPS: [good, good + engine.cache.misses],
            },
            "streams": {"active": engine.active_streams},
            "process": {"tasks": len(asyncio.all_tasks())},
            "dc_clients": {
                str(dc): "connected" if count else "idle" for dc, count in account.dcs.items()
            },
            "dc_connections": {str(dc): count for dc, count in account.dcs.items()},
            "accounts": [_account(each, clock.now()) for each in (account, *extras)],
        }


def _bot(account: AccountStatus) -> dict[str, object]:
    return {
        "connected": account.state is AccountState.CONNECTED,
        "status": account.state.value,
        "username": account.username,
        "reason": account.reason,
    }


def _account(account: AccountStatus, now: float) -> dict[str, object]:
    """A bot, and its file traffic by data centre."""
    dcs = {
        str(dc): {"connections": count, "flood_until": _flood_until(account, dc, now)}
        for dc, count in account.dcs.items()
    }
    return {"id": account.user_id, **_bot(account), "dcs": dcs}


def _flood_until(account: AccountStatus, dc: int, now: float) -> str | None:
    left = account.floods.get(dc)
    return None if left is None else _iso(now + left)


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


def _status(word: str, status: HTTPStatus) -> Response:
    return JSONResponse({"status": word}, status, _HEADERS)
