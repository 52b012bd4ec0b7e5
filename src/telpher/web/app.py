"""The application on one screen: what is served, and what every request passes through.

Most routes here are Starlette's own: they take no parameters or bodies that FastAPI would have to
check, and the way of the bytes does not pay for it. Those of /api are FastAPI's.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from telpher._version import VERSION
from telpher.web.api.routes import Api
from telpher.web.client import Proxies
from telpher.web.dashboard.room import dashboard_routes
from telpher.web.deps import WebDeps
from telpher.web.edge.auth import EdgeAuth
from telpher.web.errors import ErrorAnswers
from telpher.web.limiting.gate import RateGate
from telpher.web.limiting.turns import Turns
from telpher.web.middleware import FileCors, RequestContext
from telpher.web.openapi.document import document_of
from telpher.web.pages import Pages
from telpher.web.playlists import PlaylistRoute
from telpher.web.privilege import Privilege
from telpher.web.reference import Reference
from telpher.web.scrape import Scrape
from telpher.web.static import StaticFiles
from telpher.web.stats import Stats
from telpher.web.stream import FileRoute
from telpher.web.system import System
from telpher.web.thumbnails import ThumbnailRoute
from telpher.web.watch import Watch

# Rule 46: scripts know the service by this name.
TITLE: Final = "Telegram VLC Stream Bot API"


def create_app(deps: WebDeps) -> FastAPI:
    """Builds the ASGI application around `deps`; it holds no state of its own."""
    pages, assets = Pages(), StaticFiles()
    errors = ErrorAnswers(pages, deps.error_shown, deps.metrics)
    # From the outside in.
    middleware = [
        Middleware(Proxies, trusted=deps.trusted_proxies),
        Middleware(RequestContext, clock=deps.clock, metrics=deps.metrics),
        Middleware(FileCors, origins=deps.cors_origins),
    ]
    if deps.rates is not None:
        middleware.append(Middleware(RateGate, rates=deps.rates, errors=errors))
    turns = Turns(deps)
    privilege = Privilege(deps.metrics_token, deps.sessions)
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        routes=[
            FileRoute("/stream/", deps, turns, attachment=False),
            FileRoute("/download/", deps, turns, attachment=True),
            ThumbnailRoute(deps),
            Watch(deps, pages, assets).route(),
            PlaylistRoute(deps.playlists).route(),
            *System(deps, pages).routes(),
            Scrape(deps.metrics, privilege, deps.telephone).route(),
            *assets.routes(),
        ],
        middleware=middleware,
        redirect_slashes=False,
        # The framework's pages load scripts from a CDN: ours are in `reference`.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.router.routes.extend(Reference(TITLE, document_of(app), pages, assets).routes())
    if deps.edge is not None:
        app.router.routes.append(EdgeAuth(deps, turns, deps.edge.desk, deps.edge.speed).route())
    if deps.counted is not None:
        app.router.routes.append(Stats(deps.counted, deps.streams, privilege).route())
    if deps.dashboard is not None:
        app.router.routes.extend(dashboard_routes(deps, deps.dashboard, pages, assets))
    if deps.api is not None:
        app.router.routes.extend(Api(deps, deps.api).router().routes)
    errors.install(app)
    return app
