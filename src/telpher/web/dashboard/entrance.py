"""Signing in by a link of the bot, and signing out.

GET  /dashboard/sign-in?link=…    a page with a button; it spends nothing: messengers fetch what
                                  they show previews of
POST /dashboard/sign-in           spends the link, and hands out the cookie
POST /dashboard/sign-out          ends the session
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from limits import RateLimitItemPerMinute
from starlette.requests import Request
from starlette.responses import Response

from telpher.clock import Clock
from telpher.core.sign_in import Session
from telpher.service.sign_in import SignIn
from telpher.web.client import client_of
from telpher.web.dashboard.cookies import Cookies
from telpher.web.dashboard.door import require_own_site
from telpher.web.dashboard.forms import form_of
from telpher.web.dashboard.sheets import Sheets, go
from telpher.web.limiting.rates import Limit
from telpher.web.limiting.shared import OwnCounts

# The address that the bot's link leads to.
SIGN_IN: Final = "dashboard/sign-in"

# Attempts of one client in a minute. Nobody guesses 256 bits; a person needs one or two.
ATTEMPTS: Final = 10


class Entrance:
    """See the module."""

    def __init__(self, sign_in: SignIn, cookies: Cookies, sheets: Sheets, clock: Clock) -> None:
        self._sign_in = sign_in
        self._cookies = cookies
        self._sheets = sheets
        self._attempts = Limit("sign-in", RateLimitItemPerMinute(ATTEMPTS), OwnCounts(clock))

    async def show(self, request: Request) -> Response:
        """The page with the button."""
        links = request.query_params.getlist("link")
        link = links[0] if len(links) == 1 else ""
        if self._sign_in.invited(link) is None:
            return self._refused(request)
        return self._sheets.outside(
            request, "dashboard/sign_in.html", {"link": link}, HTTPStatus.OK
        )

    async def enter(self, request: Request) -> Response:
        """What the button does. Raises StorageError: then the link is as good as before."""
        require_own_site(request)
        await self._attempts.hit(client_of(request.scope))
        form = await form_of(request)
        session = await self._sign_in.begin(form.get("link", ""))
        if session is None:
            return self._refused(request)
        return self._cookies.given(go(request, "dashboard"), session)

    async def leave(self, request: Request, session: Session, _form: Mapping[str, str]) -> Response:
        """Signs out."""
        await self._sign_in.end(session)
        return self._cookies.taken(go(request, "dashboard"))

    def _refused(self, request: Request) -> Response:
        return self._sheets.outside(request, "dashboard/refused.html", {}, HTTPStatus.FORBIDDEN)
