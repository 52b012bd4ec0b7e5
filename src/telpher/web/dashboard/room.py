"""All of the dashboard's routes on one screen."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telpher.core.sign_in import Session
from telpher.errors import NotFoundError
from telpher.web.dashboard.broadcasts import BroadcastPages
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.door import Door, Endpoint
from telpher.web.dashboard.entrance import Entrance
from telpher.web.dashboard.files import FilePages
from telpher.web.dashboard.links import LinkPages
from telpher.web.dashboard.overview import Overview
from telpher.web.dashboard.people import PeoplePages
from telpher.web.dashboard.sheets import Sheets
from telpher.web.dashboard.troubles import TroublePages
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
    people, files = PeoplePages(deps, sheets), FilePages(deps, sheets)
    links, broadcasts = LinkPages(deps, sheets), BroadcastPages(deps, sheets)
    troubles = TroublePages(deps, sheets, web.clock)
    return [
        _get("", door.page(overview.show)),
        _get("/live", door.data(overview.live)),
        _get("/history", door.data(overview.history)),
        _get("/users", door.page(people.show)),
        _get("/users/{user_id}", door.page(people.one)),
        _post("/users/{user_id}/ban", door.deed(people.ban)),
        _post("/users/{user_id}/unban", door.deed(people.unban)),
        _get("/files", door.page(files.show)),
        _get("/files/{document_id}", door.page(files.one)),
        _get("/links", door.page(links.show)),
        _post("/links/{link_id}/revoke", door.deed(links.revoke)),
        _get("/broadcasts", door.page(broadcasts.show)),
        _post("/broadcasts/{job_id}/cancel", door.deed(broadcasts.cancel)),
        _get("/errors", door.page(troubles.show)),
        _get("/sign-in", entrance.show),
        _post("/sign-in", entrance.enter),
        _post("/sign-out", door.deed(entrance.leave)),
        # Last: whatever else is asked for tells a stranger as little as what is there.
        _get("/{rest:path}", door.page(_nowhere)),
    ]


async def _nowhere(_request: Request, _session: Session) -> Response:
    raise NotFoundError("no such page")


def _get(path: str, endpoint: Endpoint) -> Route:
    return Route(PREFIX + path, endpoint, methods=["GET"], include_in_schema=False)


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(PREFIX + path, endpoint, methods=["POST"], include_in_schema=False)
