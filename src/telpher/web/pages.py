"""Pages for people: templates, and the headers that every page carries.

Templates escape by themselves and fail on a name they do not know. No page holds a script or asks
another host for anything. Small pages carry their styles, so that an error needs one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

# Rule 20. The referrer would carry a link's signature to whatever the page points at.
PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}


class Pages:
    """Renders templates into answers."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("telpher.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def answer(
        self,
        template: str,
        values: Mapping[str, object],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page `template` filled with `values`."""
        return HTMLResponse(
            self._templates.get_template(template).render(values),
            status,
            {**PAGE_HEADERS, **(headers or {})},
        )
