"""/metrics, for Prometheus."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.observe.metrics.exposition import written
from telpher.observe.metrics.metrics import Metrics
from telpher.web.privilege import Privilege

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Authorization, Cookie",
}


class Scrape:
    """The route."""

    def __init__(self, metrics: Metrics, privilege: Privilege) -> None:
        self._metrics = metrics
        self._privilege = privilege

    def route(self) -> Route:
        return Route("/metrics", self.metrics)

    async def metrics(self, request: Request) -> Response:
        """Everything that is counted; for those alone who may see it."""
        await self._privilege.require(request)
        text, kind = written(self._metrics, request.headers.get("accept", ""))
        return Response(text, headers={**_HEADERS, "Content-Type": kind})
