"""/thumbnail: a small picture of a file, for whoever holds a good link.

It is told apart from no file like /stream's answers are. A file of which there is no picture is a
404, too, but says so: whoever holds a good link may know.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send

from telpher.core import conditions
from telpher.web.admittance import Admittance, file_of
from telpher.web.deps import Picture, WebDeps
from telpher.web.errors import HttpError
from telpher.web.file_headers import validators
from telpher.web.prefix import PrefixRoute
from telpher.web.request_headers import joined

PREFIX: Final = "/thumbnail/"

# The browser's own copy is good for a day: an edit may put another file into the message. A shared
# cache must keep none, because it would outlive a revocation (rule 15).
_HEADERS: Final = {
    "Content-Type": "image/jpeg",
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class ThumbnailRoute(PrefixRoute):
    """Everything below /thumbnail/."""

    def __init__(self, deps: WebDeps) -> None:
        super().__init__(PREFIX)
        self._engine = deps.engine
        self._pictures = deps.pictures
        self._admittance = Admittance(deps.links, deps.status)

    async def serve(self, request: Request, receive: Receive, send: Send) -> None:
        claims = self._admittance.claims(request, PREFIX)
        info = await file_of(claims, self._engine)
        picture = await self._pictures.picture(claims.ref, info)
        await _answer(request, picture)(request.scope, receive, send)


def _answer(request: Request, picture: Picture) -> Response:
    headers = {**_HEADERS, "ETag": picture.tag}
    decision = conditions.decide(joined(request), picture.tag, None)
    if decision is conditions.Decision.PRECONDITION_FAILED:
        raise HttpError(HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
    if decision is conditions.Decision.NOT_MODIFIED:
        return Response(None, HTTPStatus.NOT_MODIFIED, validators(headers))
    return Response(picture.data, HTTPStatus.OK, headers)
