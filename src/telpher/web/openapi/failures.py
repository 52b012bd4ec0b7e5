"""Answers that are errors: one shape, with the sentence and the headers of each status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from telpher.web.errors import BY_STATUS, MESSAGES

REF: Final = {"$ref": "#/components/schemas/Error"}

REQUEST_ID: Final = {
    "X-Request-Id": {
        "description": "Names this request in the server's log.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    }
}
_SECONDS: Final = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 0},
}
_TEXT: Final = {"schema": {"type": "string"}}
# Only where it is the client's own rate, not the allowance of who made a link.
_RATE: Final = {
    "RateLimit-Policy": {"description": 'The limit, such as "plays";q=60;w=60.', **_TEXT},
    "RateLimit": {"description": 'What is left of it, such as "plays";r=0;t=93.', **_TEXT},
}

_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    401: {"WWW-Authenticate": _TEXT},
    403: {"WWW-Authenticate": _TEXT},
    416: {"Content-Range": {"description": "bytes */SIZE", **_TEXT}},
    429: {"Retry-After": _SECONDS, **_RATE},
    503: {"Retry-After": _SECONDS},
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The part of an operation's `responses` that is errors."""
    return {status: failure(status) for status in sorted(statuses)}


def failure(status: int) -> dict[str, Any]:
    """One of them."""
    key = BY_STATUS[status]
    detail: dict[str, Any] = {
        "error": key,
        "message": MESSAGES[key],
        "request_id": "4f2a9c1be07d6358",
    }
    if "Retry-After" in _HEADERS.get(status, {}):
        detail["retry_after"] = 5
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        detail["problems"] = [{"place": "query.limit", "message": "Input should be at most 100"}]
    return {
        "description": MESSAGES[key],
        "headers": {**REQUEST_ID, **_HEADERS.get(status, {})},
        "content": {
            "application/json": {"schema": REF, "example": {"detail": detail}},
            "text/html": {"schema": {"type": "string"}},
        },
    }
