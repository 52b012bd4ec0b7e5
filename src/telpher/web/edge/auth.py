"""/edge/auth: whether nginx may send what a request asks for (see the package)."""

from __future__ import annotations

import dataclasses
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.core.model import FileInfo
from telpher.errors import NotFoundError, TelpherError
from telpher.streaming.plays import LEAST_ANSWER
from telpher.web.admittance import Admittance, file_of
from telpher.web.client import client_of, is_proxied
from telpher.web.deps import WebDeps
from telpher.web.edge.desk import Desk
from telpher.web.errors import HttpError
from telpher.web.file_headers import file_headers
from telpher.web.limiting.turns import Turns
from telpher.web.stream import length_of, wanted_of

_PREFIXES: Final = {"/stream/": False, "/download/": True}

# With one of these telpher answers by itself: they may end in 304 or 412.
_CONDITIONS: Final = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


class EdgeAuth:
    """See the module. `speed` is SPEED_LIMIT_MBPS."""

    def __init__(self, deps: WebDeps, turns: Turns, desk: Desk, speed: float) -> None:
        self._deps = deps
        self._turns = turns
        self._desk = desk
        self._speed = speed
        self._admittance = Admittance(deps.links, deps.status)

    def route(self) -> Route:
        return Route("/edge/auth", self.answer, methods=["GET"])

    async def answer(self, request: Request) -> Response:
        """204 with what nginx needs, or 403; the reason is told by the answer that follows."""
        if not is_proxied(request.scope):
            raise NotFoundError("for trusted proxies")
        try:
            headers = await self._admitted(_original(request))
        except (TelpherError, HttpError):
            return Response(None, HTTPStatus.FORBIDDEN)
        return Response(None, HTTPStatus.NO_CONTENT, headers)

    async def _admitted(self, asked: Request) -> dict[str, str]:
        prefix = next((each for each in _PREFIXES if asked.scope["path"].startswith(each)), None)
        if prefix is None or not _is_simple(asked):
            raise HttpError(HTTPStatus.FORBIDDEN, "forbidden")
        client = client_of(asked.scope)
        claims = self._admittance.claims(asked, prefix)
        viewer = await self._turns.viewer(claims.link_id, client, asked.headers.get("range"))
        info = await file_of(claims, self._deps.engine)
        headers = file_headers(info, attachment=_PREFIXES[prefix])
        length = length_of(wanted_of(dict(asked.headers), headers["ETag"], info), info)
        if length < LEAST_ANSWER:
            raise HttpError(HTTPStatus.FORBIDDEN, "forbidden")
        owner = await self._deps.admission.admit(claims.link_id)
        await self._turns.begin(viewer, length)
        viewer = dataclasses.replace(viewer, owner=owner)
        # Nothing is awaited from here on: who has a place has a ticket.
        attendance = self._deps.engine.attend(claims.ref, info, viewer, length)
        return self._told(info, headers, self._desk.issue(attendance))

    def _told(self, info: FileInfo, headers: dict[str, str], ticket: str) -> dict[str, str]:
        return {
            "X-Telpher-File": headers["ETag"].strip('"'),
            "X-Telpher-Ticket": ticket,
            "X-Telpher-Disposition": headers["Content-Disposition"],
            "X-Telpher-Rate": str(int(self._speed * 125_000)),
        }


def _original(request: Request) -> Request:
    """The viewer's request, as nginx tells of it."""
    target = request.headers.get("x-original-uri", "")
    path, _, query = target.partition("?")
    scope = {
        **request.scope,
        "path": unquote(path),
        "query_string": query.encode("latin-1", "replace"),
        "method": request.headers.get("x-original-method", ""),
    }
    return Request(scope)


def _is_simple(asked: Request) -> bool:
    if asked.method != "GET" or any(each in asked.headers for each in _CONDITIONS):
        return False
    return "," not in asked.headers.get("range", "")
