"""How a page of the dashboard comes about: what every template is given, and its headers.

Scripts and styles come from /static and from nowhere else; nothing is inline. Addresses are
relative, so that the pages work by whatever name they are reached, also below a proxy's path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from telpher._version import VERSION
from telpher.clock import Clock
from telpher.core.sign_in import Session
from telpher.telegram.gateway import AccountStatus
from telpher.web.dashboard.shown import Shown
from telpher.web.pages import Pages
from telpher.web.static import StaticFiles

# `img-src` is for the icon. Scripts set styles of single elements, which a policy allows them.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_ASSETS: Final = ("dashboard.css", "dashboard.js", "fresh.js", "uplot.css", "uplot.js", "icon.svg")

# What a page says of what was just done: ?done=…
_DONE: Final = {
    "revoked": "The link is revoked: it opens no longer.",
    "no_link": "There is no such link any more.",
    "banned": "Banned. All their links are dead.",
    "unbanned": "The ban is lifted. Their links live again, but for those that were revoked.",
    "is_admin": "Admins cannot be banned. Take them out of ADMINS first.",
    "cancelled": "The broadcast stops with the next users.",
    "over": "The broadcast is over already.",
}

NAVIGATION: Final = (
    ("", "Overview"),
    ("users", "Users"),
    ("files", "Files"),
    ("links", "Links"),
    ("broadcasts", "Broadcasts"),
    ("errors", "Errors"),
)

# What forms lead back to: pages of ours, with what was looked for.
_PLACE: Final = re.compile(r"dashboard(/[a-z]{1,20}(/-?[0-9]{1,19})?)?")
_KEPT: Final = frozenset({"q", "after", "order", "period"})

FormOf = Callable[[Session], str]


class Sheets:
    """See the module. `form_of` gives what a session's forms hold."""

    def __init__(
        self,
        pages: Pages,
        assets: StaticFiles,
        clock: Clock,
        status: Callable[[], AccountStatus],
        form_of: FormOf,
        *,
        secure: bool,
    ) -> None:
        self._pages = pages
        self._assets = {name: assets.address(name) for name in _ASSETS}
        self._clock = clock
        self._status = status
        self._form_of = form_of
        self._secure = secure

    def answer(
        self,
        request: Request,
        session: Session,
        template: str,
        values: Mapping[str, object],
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """A page for who is signed in; `values` holds "here", an entry of NAVIGATION."""
        more = {
            "navigation": NAVIGATION,
            "form": self._form_of(session),
            "user_id": session.user_id,
            "done": _DONE.get(request.query_params.get("done", "")),
            "back": _place(request),
        }
        return self._page(request, template, {**more, **values}, status, headers)

    def outside(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object],
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """A page for everybody."""
        return self._page(request, template, values, status, headers)

    def away(self, request: Request, session: Session) -> HTMLResponse:
        """Where only the database could answer, and does not."""
        values = {"here": _room(request)}
        return self.answer(
            *(request, session, "dashboard/away.html", values),
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"Retry-After": "5"},
        )

    def missing(self, request: Request, session: Session) -> HTMLResponse:
        """Where the address names nothing that is there."""
        values = {"here": _room(request), "rooms": [name for name, _ in NAVIGATION]}
        status = HTTPStatus.NOT_FOUND
        return self.answer(request, session, "dashboard/missing.html", values, status)

    def after(self, request: Request, form: Mapping[str, str], done: str) -> Response:
        """Back to the page whose form asked for something, with a word on what became of it."""
        back = form.get("back", "")
        place, _, query = back.partition("?")
        if not _PLACE.fullmatch(place):
            place, query = "dashboard", ""
        kept = [pair for pair in parse_qsl(query) if pair[0] in _KEPT]
        return go(request, f"{place}?{urlencode([*kept, ('done', done)])}")

    def _page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object],
        status: int,
        headers: Mapping[str, str] | None,
    ) -> HTMLResponse:
        root = root_of(request)
        account = self._status()
        common = {
            "root": root,
            "asset": {name: root + address for name, address in self._assets.items()},
            "show": Shown(self._clock.now()),
            "secure": self._secure,
            "bot": account.username,
            "bot_address": f"https://t.me/{account.username}",
            "version": VERSION,
        }
        more = {**_HEADERS, **(headers or {})}
        return self._pages.answer(template, {**common, **values}, status, more)


def _room(request: Request) -> str:
    """Which of NAVIGATION a page belongs to."""
    path: str = request.scope["path"]
    return path.removeprefix("/dashboard").strip("/").partition("/")[0]


def _place(request: Request) -> str:
    """The page's address from the root, without what was done before."""
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] in _KEPT]
    place: str = request.scope["path"].lstrip("/")
    return f"{place}?{urlencode(pairs)}" if pairs else place


def root_of(request: Request) -> str:
    """The way from the page to the root, as the browser counts: an encoded slash is none."""
    path: bytes = request.scope["raw_path"]
    return "../" * (path.count(b"/") - 1)


def go(request: Request, where: str) -> Response:
    """On to another page of ours, named from the root."""
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(root_of(request) + where, HTTPStatus.SEE_OTHER, headers)
