"""What every request passes through: an id, the log, the metrics, and CORS for files.

Pure ASGI: a wrapper around `send` costs one call per message, while the framework's own base class
for middleware costs three times the CPU of the whole byte path (libraries.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telpher.clock import Clock
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import HTTP_FIRST_BYTE, HTTP_REQUESTS
from telpher.web.client import client_of
from telpher.web.routes import class_of

_log = structlog.stdlib.get_logger(__name__)

# Enough to name a file; a hostile path may be far longer.
_LOGGED_PATH: Final = 300

# What is asked for all the time, and not by people.
_ROUTINE: Final = ("/health", "/metrics", "/dashboard/live")

# The status of what was never answered: the client left before.
_UNANSWERED: Final = "none"

# What pages of other origins may read: files, and what shows or lists them.
SHARED_PREFIXES: Final = ("/stream/", "/download/", "/thumbnail/", "/playlist/", "/edge/")


@dataclass(slots=True)
class _Progress:
    """How far an answer got. `status` 0: not begun."""

    status: int = 0
    sent: int = 0
    complete: bool = False

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
        else:
            self.sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)


class RequestContext:
    """Gives each request an id, puts it into the answer and under every log entry, logs and counts
    it.

    The id is always our own: one that a client may choose could forge entries. It stays bound when
    the request is over, since the server reports a crash after that; the server starts each
    request with an empty context.
    """

    def __init__(self, app: ASGIApp, clock: Clock, metrics: Metrics) -> None:
        self._app = app
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = class_of(scope["path"])
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        progress = _Progress()

        async def tagged(message: Message) -> None:
            beginning = message["type"] == "http.response.start"
            if beginning:
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)
            progress.note(message)
            if beginning and scope["method"] == "GET":
                self._metrics.observe(HTTP_FIRST_BYTE, self._clock.monotonic() - begun, route)

        begun = self._clock.monotonic()
        try:
            await self._app(scope, receive, tagged)
        except Exception:
            # The framework answers a bug outside of here, if nothing was sent before.
            progress.status = progress.status or int(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        finally:
            self._metrics.count(HTTP_REQUESTS, route, str(progress.status or _UNANSWERED))
            _record(scope, progress, self._clock.monotonic() - begun)


def _record(scope: Scope, progress: _Progress, seconds: float) -> None:
    """One entry per request, without the query: that is where a link's signature is."""
    path = scope.get("raw_path", b"")[:_LOGGED_PATH].decode("ascii", "replace")
    log = _log.debug if path.startswith(_ROUTINE) else _log.info
    log(
        "request",
        client=client_of(scope),
        method=scope["method"],
        path=path,
        status=progress.status,
        # The server drops the body of what answers a HEAD.
        bytes=0 if scope["method"] == "HEAD" else progress.sent,
        complete=progress.complete,
        seconds=round(seconds, 3),
        # Of a good link: the route runs in a context of its own (web/disconnect).
        **scope.get("state", {}).get("about", {}),
    )


class FileCors:
    """Lets scripts of other origins read files, and only files (CORS_ORIGINS).

    A browser asks beforehand (a preflight) only for headers beyond the usual, which for players is
    Range in an unusual form, If-Range and If-None-Match (players.md 13). It is answered here.
    """

    _EXPOSED: Final = "Accept-Ranges, Content-Length, Content-Range, ETag"
    _PREFLIGHT: Final = {
        "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
        "Access-Control-Allow-Headers": "If-None-Match, If-Range, Range",
        # A day; browsers cut it to their own limit (Chromium two hours).
        "Access-Control-Max-Age": "86400",
    }

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(SHARED_PREFIXES):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in asked

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._allow(asked, MutableHeaders(scope=message), preflight=preflight)
            await send(message)

        if preflight:
            await Response(None, HTTPStatus.NO_CONTENT)(scope, receive, shared)
        else:
            await self._app(scope, receive, shared)

    def _allow(self, asked: Headers, answer: MutableHeaders, *, preflight: bool) -> None:
        origin = asked.get("origin", "")
        if "*" in self._origins:
            answer["Access-Control-Allow-Origin"] = "*"
        else:
            answer.add_vary_header("Origin")
            if origin not in self._origins:
                return
            answer["Access-Control-Allow-Origin"] = origin
        if preflight:
            answer.update(self._PREFLIGHT)
        else:
            answer["Access-Control-Expose-Headers"] = self._EXPOSED
