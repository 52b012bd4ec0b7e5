"""Who is let in to the dashboard (rule 20).

    a page   asks for the session with each request; without one there is a page that says how to
             sign in, 401, the same for every address of the dashboard
    data     the same as JSON
    a deed   a POST: from a page of our own, as the browser says, and with that session's form
             token. What does it and what shows it are two requests (303), so that a reload does
             nothing twice

SameSite=Strict means that a link from elsewhere into the dashboard arrives without the cookie: the
page that says how to sign in leads on by a link of its own, which brings it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from telpher.core.sign_in import Session
from telpher.errors import NotFoundError, StorageError
from telpher.service.sign_in import SignIn
from telpher.web.dashboard.cookies import Cookies
from telpher.web.dashboard.forms import form_of
from telpher.web.dashboard.sheets import Sheets
from telpher.web.errors import HttpError

Endpoint = Callable[[Request], Awaitable[Response]]
Shows = Callable[[Request, Session], Awaitable[Response]]
Tells = Callable[[Request], Awaitable[object]]
Does = Callable[[Request, Session, Mapping[str, str]], Awaitable[Response]]

FORM: Final = "form"  # the field that holds the form token

# RFC 9110, 15.5.2: there is always one. No browser knows this one, so none asks for a password.
_CHALLENGE: Final = {"WWW-Authenticate": 'TelegramLink realm="dashboard"'}

_JSON_HEADERS: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


class Door:
    """See the module."""

    def __init__(self, sign_in: SignIn, cookies: Cookies, sheets: Sheets) -> None:
        self._sign_in = sign_in
        self._cookies = cookies
        self._sheets = sheets

    def page(self, show: Shows) -> Endpoint:
        """A page for who is signed in."""

        async def endpoint(request: Request) -> Response:
            session = await self._cookies.session(request)
            if session is None:
                return self._closed(request)
            try:
                return await show(request, session)
            except NotFoundError:
                return self._sheets.missing(request, session)
            except StorageError:
                return self._sheets.away(request, session)

        return endpoint

    def data(self, tell: Tells) -> Endpoint:
        """JSON for the scripts of such pages."""

        async def endpoint(request: Request) -> Response:
            if await self._cookies.session(request) is None:
                raise HttpError(HTTPStatus.UNAUTHORIZED, "not_signed_in", _CHALLENGE)
            return JSONResponse(await tell(request), headers=_JSON_HEADERS)

        return endpoint

    def deed(self, do: Does) -> Endpoint:
        """What a form of such a page asks for."""

        async def endpoint(request: Request) -> Response:
            require_own_site(request)
            session = await self._cookies.session(request)
            if session is None:
                return self._closed(request)
            form = await form_of(request)
            if not self._sign_in.is_form(session, form.get(FORM, "")):
                raise HttpError(HTTPStatus.FORBIDDEN, "foreign_form")
            try:
                return await do(request, session, form)
            except NotFoundError:
                return self._sheets.missing(request, session)
            except StorageError:
                return self._sheets.away(request, session)

        return endpoint

    def _closed(self, request: Request) -> Response:
        """What everybody else sees, wherever they look."""
        status = HTTPStatus.UNAUTHORIZED
        return self._sheets.outside(request, "dashboard/closed.html", {}, status, _CHALLENGE)


def require_own_site(request: Request) -> None:
    """Raises HttpError for a POST that a page of another site sends.

    Browsers say where a request comes from: in Sec-Fetch-Site where the address is trustworthy,
    else in Origin, which is "null" for a page that tells no referrer, as ours do. Where they say
    nothing it is for the form token alone to tell.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    if site is not None:
        own = site == "same-origin"
    else:
        own = origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    if not own:
        raise HttpError(HTTPStatus.FORBIDDEN, "foreign_form")
