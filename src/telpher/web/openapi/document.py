"""The OpenAPI document: what FastAPI knows of /api, and what the table says of everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from telpher.web.api.guard import SCHEME
from telpher.web.api.models import Error
from telpher.web.openapi.operations import PRIVILEGED, operations

_DESCRIPTION: Final = """\
Turns any file that a Telegram bot can see into a link that plays at once and seeks freely.

**Files** are for whoever holds a link: its signature is `k`, and the bot hands it out. Nothing
tells a wrong signature from a file that does not exist.

**/api** is what the admin panel can do, for programs. It takes a token, made by
`telpher token create NAME --scope links:read`: `Authorization: Bearer tlp_…`. Each operation names
the scope it needs. Lists are paged: `next` of one page is `cursor` of the next.

**Errors** have one shape everywhere, JSON or, for browsers, a page; `request_id` is in every answer
(X-Request-Id) and in the server's log. 429 and most 503 say in Retry-After when to come again;
RateLimit and RateLimit-Policy how many requests there may be within a minute, and are left.
"""

_TAGS: Final = [
    {"name": "files", "description": "What players use; also GET /api/files."},
    {"name": "server", "description": "What the server says of itself."},
    {"name": "links", "description": "Links: made, listed, ended."},
    {"name": "users", "description": "People who talk to the bot."},
    {"name": "stats", "description": "Figures."},
]

_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of `telpher token create`. Its scopes say what it may do.",
}
_METRICS_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "METRICS_TOKEN of the settings. On the server's own machine, and for admins who "
    "are signed in to the dashboard, it goes without.",
}


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What builds the document of `app`."""

    def build() -> dict[str, Any]:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=_DESCRIPTION,
            tags=_TAGS,
            # Relative to where the document was found: right behind any path prefix.
            servers=[{"url": "."}],
            routes=app.routes,
        )
        document["paths"] = {**operations(), **document.get("paths", {})}
        components = document.setdefault("components", {})
        components["securitySchemes"] = {SCHEME: _TOKEN, PRIVILEGED: _METRICS_TOKEN}
        _add_error(components.setdefault("schemas", {}))
        return document

    return build


def _add_error(schemas: dict[str, Any]) -> None:
    """The one shape of errors, which there is without /api, too."""
    shape = Error.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, each in shape.pop("$defs").items():
        schemas.setdefault(name, each)
    schemas.setdefault("Error", shape)
