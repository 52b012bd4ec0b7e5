"""/metrics, for Prometheus: of all workers, whichever is asked (`observe.metrics.telling`)."""

from __future__ import annotations

from typing import Final

from prometheus_client.registry import CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telpher.crew.telephone import Telephone
from telpher.observe.metrics.exposition import written
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.telling import OfAll
from telpher.web.privilege import Privilege

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Authorization, Cookie",
}


class Scrape:
    """The route, and what the other workers are told who are asked for it."""

    def __init__(self, metrics: Metrics, privilege: Privilege, telephone: Telephone) -> None:
        self._metrics = metrics
        self._privilege = privilege
        self._telephone = telephone
        telephone.answer("metrics", lambda _asked: metrics.told())

    def route(self) -> Route:
        return Route("/metrics", self.metrics)

    async def metrics(self, request: Request) -> Response:
        """Everything that is counted; for those alone who may see it."""
        await self._privilege.require(request)
        text, kind = written(await self._registry(), request.headers.get("accept", ""))
        return Response(text, headers={**_HEADERS, "Content-Type": kind})

    async def _registry(self) -> CollectorRegistry:
        place = self._telephone.place
        if place.of == 1:
            return self._metrics.registry
        others = await self._telephone.ask_all("metrics")
        registry = CollectorRegistry()
        registry.register(OfAll({place.number: self._metrics.told(), **others}, place.number))
        return registry
