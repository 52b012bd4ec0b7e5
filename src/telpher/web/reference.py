"""/openapi.json, and /docs and /redoc, which show it: two well-kept readers, served from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telpher.web.pages import Pages
from telpher.web.static import StaticFiles

DESCRIPTION: Final = "openapi.json"

# Both readers style what they draw from scripts, show icons from data: URLs, and load nothing from
# anywhere else (docs.js takes a logo from Redoc that it would). Redoc searches in a worker that it
# makes itself.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Reference:
    """The routes of the API's documentation; `document` gives what OpenAPI says of the routes."""

    def __init__(
        self,
        title: str,
        document: Callable[[], Mapping[str, Any]],
        pages: Pages,
        assets: StaticFiles,
    ) -> None:
        self._title = title
        self._document = document
        self._pages = pages
        self._assets = assets
        self._written = b""

    def routes(self) -> list[BaseRoute]:
        """/openapi.json, /docs and /redoc."""
        return [
            Route(f"/{DESCRIPTION}", self._openapi),
            Route("/docs", self._docs),
            Route("/redoc", self._redoc),
        ]

    async def _openapi(self, _request: Request) -> Response:
        self._written = self._written or orjson.dumps(self._document())
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(self._written, headers=headers, media_type="application/json")

    async def _docs(self, _request: Request) -> Response:
        return self._page("swagger-ui", ["swagger-ui.js"], ["swagger-ui.css"])

    async def _redoc(self, _request: Request) -> Response:
        return self._page("redoc", ["redoc.js"], [])

    def _page(self, reader: str, scripts: list[str], styles: list[str]) -> Response:
        values = {
            "title": self._title,
            "reader": reader,
            "description": DESCRIPTION,
            "scripts": [self._assets.address(name) for name in (*scripts, "docs.js")],
            "styles": [self._assets.address(name) for name in styles],
        }
        return self._pages.answer(
            "reference.html", values, headers={"Content-Security-Policy": _POLICY}
        )
