"""/watch: the page with a player, for whoever holds a good link. It works without a script."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.core import mime, names
from telpher.core.model import FileInfo
from telpher.service.files import describe
from telpher.web.admittance import Admittance, file_of, key_of
from telpher.web.deps import WebDeps
from telpher.web.pages import PAGE_HEADERS, Pages

PREFIX: Final = "/watch/"

# The page plays what is served from here, and nothing else is loaded.
_POLICY: Final = PAGE_HEADERS["Content-Security-Policy"].replace(
    "default-src 'none';", "default-src 'none'; media-src 'self'; img-src 'self';"
)


class Watch:
    """The page's route."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._engine = deps.engine
        self._admittance = Admittance(deps.links, deps.status)
        self._base = deps.base_url
        self._pages = pages

    def route(self) -> Route:
        """Everything below /watch/."""
        return Route(PREFIX + "{rest:path}", self._watch)

    async def _watch(self, request: Request) -> Response:
        claims = self._admittance.claims(request, PREFIX)
        info = await file_of(claims, self._engine)
        place = f"{claims.ref.chat_id}/{claims.ref.message_id}"
        query = f"?k={key_of(request)}" if claims.signed else ""
        named = f"{place}/{names.path_segment(names.safe_name(info))}{query}"
        address = f"{self._base}/stream/{named}"
        values = {
            "file": describe(info),
            "element": _element(info),
            # Relative, so that the page plays by whatever name it was reached.
            "source": f"../../stream/{named}",
            "download": f"../../download/{named}",
            "address": address,
            "vlc": f"vlc://{address}",
            "vlc_first": request.query_params.get("open") == "vlc",
        }
        headers = {"Content-Security-Policy": _POLICY}
        return self._pages.answer("watch.html", values, HTTPStatus.OK, headers)


def _element(info: FileInfo) -> str:
    """The element that shows it: "video", "audio", "img", or none for what browsers do not play."""
    family = mime.content_type(info).partition("/")[0]
    return {"video": "video", "audio": "audio", "image": "img"}.get(family, "")
