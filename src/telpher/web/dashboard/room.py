"""All of the dashboard's routes on one screen."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.door import Door, Endpoint
from telpher.web.dashboard.entrance import Entrance
from telpher.web.dashboard.overview import Overview
from telpher.web.dashboard.sheets import Sheets
from telpher.web.deps import WebDeps
from telpher.web.pages import Pages
from telpher.web.static import StaticFiles

PREFIX: Final = "/dashboard"


def dashboard_routes(
    web: WebDeps, deps: DashboardDeps, pages: Pages, assets: StaticFiles
) -> list[BaseRoute]:
    """Everything below /dashboard. It is for people: the API's description passes it over."""
    sheets = Sheets(
        *(pages, assets, web.clock, web.status, deps.sign_in.form),
        secure=deps.secure,
    )
    door = Door(deps.sign_in, deps.cookies, sheets)
    entrance = Entrance(deps.sign_in, deps.cookies, sheets, web.clock)
    overview = Overview(web, deps, sheets)
    return [
        _get("", door.page(overview.show)),
        _get("/live", door.data(overview.live)),
        _get("/history", door.data(overview.history)),
        _get("/sign-in", entrance.show),
        _post("/sign-in", entrance.enter),
        _post("/sign-out", door.deed(entrance.leave)),
    ]


def _get(path: str, endpoint: Endpoint) -> Route:
    return Route(PREFIX + path, endpoint, methods=["GET"], include_in_schema=False)


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(PREFIX + path, endpoint, methods=["POST"], include_in_schema=False)
