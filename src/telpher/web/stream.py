"""/stream and /download: a file's bytes by RFC 9110, for whoever holds a good link.

    the path names a message    else 404
    the link's signature        404 when wrong, 410 when its time is over; nothing is looked up yet
    the client's rate           429: nothing is asked of Telegram before
    the file's properties       410, 502, 503
    conditions, range           304, 412, 416 (RFC 9110, 13.2.2: in this order)
    the owner's allowance       429: what a user's links may give in a day
    the client's rate           429: now that the answer is known to begin a play
    the first bytes             410, 429, 502, 503: fetched before the status line
    200 or 206                  right to the last byte or visibly broken off

HEAD ends before the bytes: it has the headers of GET, from metadata alone, and ignores Range.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from telpher.core import conditions, ranges
from telpher.core.byteranges import content_range, lay_out
from telpher.core.links import Claims
from telpher.core.model import FileInfo, Viewer
from telpher.errors import TelpherError
from telpher.observe.metrics.table import HTTP_BROKEN
from telpher.web.admittance import Admittance, file_of
from telpher.web.client import client_of, is_proxied
from telpher.web.deps import Stream, WebDeps
from telpher.web.errors import HttpError
from telpher.web.file_headers import file_headers, last_modified, validators
from telpher.web.limiting.turns import Turns
from telpher.web.parts import Open, Parts
from telpher.web.prefix import PrefixRoute
from telpher.web.request_headers import joined
from telpher.web.response import BrokenBodyError, FileResponse

# nginx sets it when it fetches a slice, and takes it from what viewers send.
_SLICE: Final = "x-telpher-slice"


class FileRoute(PrefixRoute):
    """Everything below `prefix`."""

    def __init__(self, prefix: str, deps: WebDeps, turns: Turns, *, attachment: bool) -> None:
        super().__init__(prefix)
        self._engine = deps.engine
        self._admittance = Admittance(deps.links, deps.status)
        self._admission = deps.admission
        self._turns = turns
        self._clock = deps.clock
        self._began = deps.answer_began
        self._metrics = deps.metrics
        self._attachment = attachment
        self._edge = deps.edge is not None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().handle(scope, receive, send)
        except BrokenBodyError:
            # The server closes the connection of an answer that was left incomplete.
            self._metrics.count(HTTP_BROKEN)

    async def serve(self, request: Request, receive: Receive, send: Send) -> None:
        if self._edge and is_proxied(request.scope) and _SLICE in request.headers:
            await self._slice(request, receive, send)
            return
        asked = self._clock.monotonic()
        claims = await self._claims(request)
        viewer = await self._viewer(request, claims)
        info = await file_of(claims, self._engine)
        answer = await self._answer(request, claims, info, viewer)
        if isinstance(answer, FileResponse):  # whose first bytes are there
            self._began(self._clock.monotonic() - asked)
        # Nothing is awaited in between: an open stream is always closed by its answer.
        await answer(request.scope, receive, send)

    async def _slice(self, request: Request, receive: Receive, send: Send) -> None:
        """Bytes for nginx's cache: of a good link, in nobody's play; who gets them is told by
        /edge/auth and the log (web.edge).

        Of the file that /edge/auth spoke of, as If-Match says: under its name they are kept, for
        every link to it. Meanwhile the sender may have put another one into the message.
        """
        claims = self._admittance.claims(request, self._prefix)
        info = await file_of(claims, self._engine)
        asked = joined(request)
        headers = file_headers(info, attachment=self._attachment)
        _require_match(asked, headers["ETag"], info)
        wanted = wanted_of(asked, headers["ETag"], info)
        open_range = partial(self._open, claims, None, info)
        answer = await _body(wanted, info, headers, open_range)
        await answer(request.scope, receive, send)

    async def _claims(self, request: Request) -> Claims:
        try:
            return self._admittance.claims(request, self._prefix)
        except TelpherError:
            await self._turns.other(client_of(request.scope))
            raise

    async def _viewer(self, request: Request, claims: Claims) -> Viewer:
        client = client_of(request.scope)
        if request.method == "HEAD":
            await self._turns.other(client)
            return Viewer(claims.link_id, client)
        return await self._turns.viewer(claims.link_id, client, request.headers.get("range"))

    async def _answer(
        self, request: Request, claims: Claims, info: FileInfo, viewer: Viewer
    ) -> ASGIApp:
        asked = joined(request)
        headers = file_headers(info, attachment=self._attachment)
        decision = _require_match(asked, headers["ETag"], info)
        if decision is conditions.Decision.NOT_MODIFIED:
            return Response(None, HTTPStatus.NOT_MODIFIED, validators(headers))
        if request.method == "HEAD":
            return Response(None, HTTPStatus.OK, _sized(headers, info.size))
        wanted = wanted_of(asked, headers["ETag"], info)
        if isinstance(wanted, ranges.Whole) and info.size == 0:
            return Response(b"", HTTPStatus.OK, _sized(headers, 0))
        owner = await self._admission.admit(claims.link_id)
        await self._turns.begin(viewer, length_of(wanted, info))
        viewer = dataclasses.replace(viewer, owner=owner)
        return await _body(wanted, info, headers, partial(self._open, claims, viewer, info))

    async def _open(
        self, claims: Claims, viewer: Viewer | None, info: FileInfo, start: int, stop: int
    ) -> Stream:
        return await self._engine.open(claims.ref, start, stop, viewer, info)


async def _body(
    wanted: ranges.Requested, info: FileInfo, headers: Mapping[str, str], open_range: Open
) -> FileResponse:
    """The answer with the bytes that are wanted, the first of them there."""
    match wanted:
        case ranges.Single(start, stop):
            length = stop - start
            status = HTTPStatus.PARTIAL_CONTENT
            headers = {**headers, "Content-Range": content_range(wanted, info.size)}
            stream = await open_range(start, stop)
        case ranges.Several(several):
            boundary = secrets.token_hex(16)
            layout = lay_out(several, info.size, headers["Content-Type"], boundary)
            length = layout.length
            status = HTTPStatus.PARTIAL_CONTENT
            kind = f"multipart/byteranges; boundary={boundary}"
            headers = {**headers, "Content-Type": kind}
            stream = await Parts.begun(layout, open_range)
        case _:
            length = info.size
            status = HTTPStatus.OK
            stream = await open_range(0, length)
    return FileResponse(status, _sized(headers, length), stream, length)


def _require_match(asked: Mapping[str, str], tag: str, info: FileInfo) -> conditions.Decision:
    """What the conditions say. Raises HttpError where they forbid an answer."""
    decision = conditions.decide(asked, tag, last_modified(info))
    if decision is conditions.Decision.PRECONDITION_FAILED:
        raise HttpError(HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
    return decision


def wanted_of(asked: Mapping[str, str], tag: str, info: FileInfo) -> ranges.Requested:
    """What Range asks for. Raises HttpError where none of it is there."""
    if not ranges.if_range(asked.get("if-range"), tag, last_modified(info)):
        return ranges.Whole()
    wanted = ranges.parse(asked.get("range"), info.size)
    if isinstance(wanted, ranges.Unsatisfiable):
        raise HttpError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            {"Content-Range": f"bytes */{info.size}"},
        )
    return wanted


def length_of(wanted: ranges.Requested, info: FileInfo) -> int:
    """How many bytes of the file that is."""
    match wanted:
        case ranges.Single(start, stop):
            return stop - start
        case ranges.Several(several):
            return sum(each.stop - each.start for each in several)
        case _:
            return info.size


def _sized(headers: Mapping[str, str], length: int) -> dict[str, str]:
    return {**headers, "Content-Length": str(length)}
