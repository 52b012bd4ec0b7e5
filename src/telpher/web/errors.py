"""One shape for every error (rule 19).

    {"detail": {"error": short name, "message": sentence, "request_id": id, "retry_after"?: s}}

or a small page with the same content for browsers. An exception's own text goes to the log only:
what a client reads comes out of the table below by the error's key, so nothing internal leaks.
"""

from __future__ import annotations

import http
from collections.abc import Callable, Mapping
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from telpher.errors import RateLimitedError, TelpherError
from telpher.web.accept import prefers_html
from telpher.web.pages import Pages

MESSAGES: Final[Mapping[str, str]] = {
    "not_found": "There is no file here. Check that the link was copied whole, with all that "
    "follows the question mark, or send the file to the bot again.",
    "gone": "This link is no longer valid. Send the file to the bot again for a new one.",
    "link_expired": "This link has expired. Send the file to the bot again for a new one.",
    "message_deleted": "The message that held this file was deleted, or the bot may no longer read "
    "it. Send the file to the bot again for a new link.",
    "precondition_failed": "The file is not the one your player asked for. Open the link anew.",
    "range_not_satisfiable": "The file ends before the bytes asked for.",
    "method_not_allowed": "This address does not support that method; "
    "the Allow header lists those it does.",
    "bad_request": "The request could not be understood.",
    "request_timeout": "The request did not arrive in time.",
    "content_too_large": "The request carries more than this server takes.",
    "headers_too_large": "The headers of the request are too large.",
    "too_many_connections": "The server has as many connections open as it can. Try again shortly.",
    "busy": "Too many files are playing at the moment. Try again shortly.",
    "too_many_plays": "As many files of the one who made this link as may be are playing at the "
    "moment. Try again in a minute.",
    "quota_spent": "The one who made this link has used up the quota of the day. "
    "Try again tomorrow (UTC).",
    "rate_limited": "You have asked for too much within a minute. Try again after the time given.",
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

# For keys that mean something inside only.
_BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    410: "gone",
    412: "precondition_failed",
    416: "range_not_satisfiable",
    502: "telegram",
    503: "telegram_unavailable",
}


class HttpError(Exception):
    """An error that only HTTP knows: a key of MESSAGES, a status, and headers for the answer."""

    def __init__(self, status: int, key: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {key}")
        self.status = status
        self.key = key
        self.headers = dict(headers or {})


class ErrorAnswers:
    """Turns exceptions into answers."""

    def __init__(self, pages: Pages, shown: Callable[[str], None]) -> None:
        self._pages = pages
        self._shown = shown

    def install(self, app: FastAPI) -> None:
        """Makes `app` answer every exception here."""
        app.add_exception_handler(TelpherError, self._own)
        app.add_exception_handler(HttpError, self._http)
        app.add_exception_handler(HTTPException, self._router)
        app.add_exception_handler(Exception, self._unexpected)

    async def _own(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, TelpherError)  # noqa: S101 - registered for these
        if error.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise error
        return self.own(request, error)

    def own(self, request: Request, error: TelpherError) -> Response:
        """The answer to an error of ours."""
        headers = error.headers if isinstance(error, RateLimitedError) else None
        return self.answer(request, error.status, error.key, error.retry_after, headers)

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HttpError)  # noqa: S101 - registered for these
        return self.answer(request, error.status, error.key, headers=error.headers)

    async def _router(self, request: Request, error: Exception) -> Response:
        """What the framework raises: no such route, or not by that method."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
        headers = {name.title(): value for name, value in (error.headers or {}).items()}
        if "Allow" in headers:
            # The router joins a set: in a fixed order, answers do not differ between processes.
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        return self.answer(request, error.status_code, "", headers=headers)

    async def _unexpected(self, request: Request, _error: Exception) -> Response:
        """A bug. The framework raises it on, and the server logs it under the request's id."""
        return self.answer(request, http.HTTPStatus.INTERNAL_SERVER_ERROR, "internal")

    def answer(
        self,
        request: Request,
        status: int,
        key: str,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The error `key` (one of MESSAGES, else the status decides) as JSON or as a page."""
        if key not in MESSAGES:
            key = _BY_STATUS.get(status, "internal")
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            self._shown(key)
        request_id = str(request.state.request_id)
        detail: dict[str, object] = {
            "error": key,
            "message": MESSAGES[key],
            "request_id": request_id,
        }
        # An answer to a bug passes by the middleware that tags all others.
        extra = {"X-Request-Id": request_id, **(headers or {})}
        if retry_after is not None:
            detail["retry_after"] = retry_after
            extra["Retry-After"] = str(retry_after)
        if prefers_html(request.headers.get("accept")):
            return self._page(status, detail, extra)
        return JSONResponse({"detail": detail}, status, {**_JSON_HEADERS, **extra})

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


# An error must not be kept: the same address may be right a moment later (404 and 410 could
# otherwise be stored without being asked, RFC 9110, 15.1).
_JSON_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
