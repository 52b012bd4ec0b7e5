"""One shape for every error (rule 19).

    {"detail": {"error": short name, "message": sentence, "request_id": id, "retry_after"?: s,
                "problems"?: [{"place", "message"}]}}

or a small page with the same content for browsers. An exception's own text goes to the log only:
what a client reads comes out of the table below by the error's key, so nothing internal leaks.
"""

from __future__ import annotations

import http
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from telpher.errors import RateLimitedError, TelpherError
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.metrics.table import HTTP_ERRORS
from telpher.web.accept import prefers_html
from telpher.web.pages import Pages

_log = structlog.stdlib.get_logger(__name__)

MESSAGES: Final[Mapping[str, str]] = {
    "not_found": "There is no file here. Check that the link was copied whole, with all that "
    "follows the question mark, or send the file to the bot again.",
    "no_thumbnail": "There is no picture of this file.",
    "gone": "This link is no longer valid. Send the file to the bot again for a new one.",
    "link_expired": "This link has expired. Send the file to the bot again for a new one.",
    "message_deleted": "The message that held this file was deleted, or the bot may no longer read "
    "it. Send the file to the bot again for a new link.",
    "precondition_failed": "The file is not the one your player asked for. Open the link anew.",
    "range_not_satisfiable": "The file ends before the bytes asked for.",
    "method_not_allowed": "This address does not support that method; "
    "the Allow header lists those it does.",
    "bad_request": "The request could not be understood.",
    "unauthorized": "This needs a token, and one that is still good, in the Authorization header: "
    "Bearer, a space, the token.",
    "forbidden": "The token may not do this. Make one with the scope that is missing.",
    "not_signed_in": "This is for admins who are signed in: send the bot /admin and press "
    "Dashboard.",
    "foreign_form": "This did not come from a page of the dashboard that is open now. "
    "Go back, load the page again, and repeat it.",
    "unknown_link": "There is no link of that id.",
    "unknown_user": "Nobody of that id is known.",
    "is_admin": "Whoever is in ADMINS cannot be banned.",
    "not_json": "The body of the request has to be JSON, and its Content-Type application/json.",
    "invalid": "Something in the request is not as it has to be; see the problems.",
    "rate_limited": "Too many requests from your address. Try again after the time given.",
    "request_timeout": "The request did not arrive in time.",
    "content_too_large": "The request carries more than this server takes.",
    "headers_too_large": "The headers of the request are too large.",
    "too_many_connections": "The server has as many connections open as it can. Try again shortly.",
    "busy": "Too many files are playing at the moment. Try again shortly.",
    "too_many_plays": "As many files of the one who made this link as may be are playing at the "
    "moment. Try again in a minute.",
    "quota_spent": "The one who made this link has used up the quota of the day. "
    "Try again tomorrow (UTC).",
    "storage": "The server's database does not answer at the moment. Try again shortly.",
    "telegram": "Telegram did not deliver the file. Try again; if it stays so, "
    "send the file to the bot again.",
    "telegram_unavailable": "The bot is not connected to Telegram at the moment. "
    "Try again shortly.",
    "flood_wait": "Telegram has asked the bot to slow down. Try again after the time given.",
    "account_dead": "Telegram no longer accepts the bot's token. "
    "Whoever runs this server has to set a new one.",
    "internal": "Something went wrong on the server. If it happens again, "
    "tell whoever runs it the request id.",
}

# For keys that mean something inside only, and for the documentation.
BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "is_admin",
    410: "gone",
    412: "precondition_failed",
    413: "content_too_large",
    415: "not_json",
    416: "range_not_satisfiable",
    422: "invalid",
    429: "rate_limited",
    431: "headers_too_large",
    502: "telegram",
    503: "telegram_unavailable",
}


class HttpError(Exception):
    """An error as HTTP knows it: a status, a key of MESSAGES (of others the status decides), and
    for the answer headers and what else stands in its detail."""

    def __init__(
        self,
        status: int,
        key: str,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {key}")
        self.status = status
        self.key = key if key in MESSAGES else BY_STATUS.get(status, "internal")
        self.headers = dict(headers or {})
        self.more = dict(more or {})


class ErrorAnswers:
    """Turns exceptions into answers."""

    def __init__(self, pages: Pages, shown: Callable[[str], None], metrics: Metrics) -> None:
        self._pages = pages
        self._shown = shown
        self._metrics = metrics

    def install(self, app: FastAPI) -> None:
        """Makes `app` answer every exception here."""
        app.add_exception_handler(TelpherError, self._own)
        app.add_exception_handler(HttpError, self._http)
        app.add_exception_handler(HTTPException, self._router)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(Exception, self._unexpected)

    async def _own(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, TelpherError)  # noqa: S101 - registered for these
        if error.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise error
        if error.status > http.HTTPStatus.INTERNAL_SERVER_ERROR:
            about = request.scope.get("state", {}).get("about", {})
            _log.warning("answered with an error", error=error.key, cause=error, **about)
        return self.answer(request, from_tree(error))

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HttpError)  # noqa: S101 - registered for these
        return self.answer(request, error)

    async def _invalid(self, request: Request, error: Exception) -> Response:
        """What a route of /api cannot use; what was sent is not echoed."""
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
        problems = [_problem(each) for each in error.errors()[:_MOST_PROBLEMS]]
        status = http.HTTPStatus.UNPROCESSABLE_ENTITY
        return self.answer(request, HttpError(status, "invalid", more={"problems": problems}))

    async def _router(self, request: Request, error: Exception) -> Response:
        """What the framework raises: no such route, or not by that method."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
        headers = {name.title(): value for name, value in (error.headers or {}).items()}
        if "Allow" in headers:
            # The router names what the first route of that path allows; there may be others.
            headers["Allow"] = ", ".join(sorted(_allowed(request)))
        return self.answer(request, HttpError(error.status_code, "", headers))

    async def _unexpected(self, request: Request, _error: Exception) -> Response:
        """A bug. The framework raises it on, and the server logs it under the request's id."""
        return self.answer(request, HttpError(http.HTTPStatus.INTERNAL_SERVER_ERROR, "internal"))

    def answer(self, request: Request, error: HttpError) -> Response:
        """`error` as JSON or as a page."""
        self._metrics.count(HTTP_ERRORS, error.key)
        if error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            self._shown(error.key)
        request_id = str(request.state.request_id)
        detail = detail_of(error, request_id)
        # An answer to a bug passes by the middleware that tags all others.
        headers = {"X-Request-Id": request_id, **error.headers}
        if prefers_html(request.headers.get("accept")):
            return self._page(error.status, detail, headers)
        return JSONResponse({"detail": detail}, error.status, {**JSON_HEADERS, **headers})

    def _page(
        self, status: int, detail: Mapping[str, object], headers: Mapping[str, str]
    ) -> Response:
        values = {
            **detail,
            "title": http.HTTPStatus(status).phrase,
            "status": status,
            "retry_after": detail.get("retry_after"),
        }
        return self._pages.answer("error.html", values, status, headers)


def from_tree(error: TelpherError) -> HttpError:
    """An error of the tree as HTTP knows it."""
    if error.retry_after is None:
        return HttpError(error.status, error.key)
    wait = error.retry_after
    limit = error.headers if isinstance(error, RateLimitedError) else {}
    headers = {"Retry-After": str(wait), **limit}
    return HttpError(error.status, error.key, headers, {"retry_after": wait})


def detail_of(error: HttpError, request_id: str) -> dict[str, object]:
    """What stands under "detail"."""
    said = {"error": error.key, "message": MESSAGES[error.key], "request_id": request_id}
    return {**said, **error.more}


def _allowed(request: Request) -> set[str]:
    """The methods of all routes with the path of `request`."""
    routes = [each for each in request.app.routes if isinstance(each, Route)]
    there = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    return {method for each in there for method in each.methods or ()}


def _problem(found: Mapping[str, Any]) -> dict[str, str]:
    place = ".".join(str(each) for each in found["loc"])
    return {"place": place[:_LONGEST_PLACE], "message": str(found["msg"])}


# Of a body with a thousand mistakes the first few help; a name in it may be as long as it.
_MOST_PROBLEMS: Final = 10
_LONGEST_PLACE: Final = 100

# An error must not be kept: the same address may be right a moment later (404 and 410 could
# otherwise be stored without being asked, RFC 9110, 15.1).
JSON_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
