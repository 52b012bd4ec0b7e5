"""What a client is told whose request never became one: malformed, too large, too slow, too many.

The shape is that of every error (`web.errors`), always as JSON: whether a page is wanted would
stand in the headers, and they are what is wrong. The connection is closed behind it (RFC 9112,
9.6).
"""

from __future__ import annotations

import http
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from telpher.web.errors import MESSAGES

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status and a key of MESSAGES; `retry_after` in seconds, 0 for none."""

    status: http.HTTPStatus
    key: str
    retry_after: int = 0


MALFORMED: Final = Refusal(http.HTTPStatus.BAD_REQUEST, "bad_request")
TOO_SLOW: Final = Refusal(http.HTTPStatus.REQUEST_TIMEOUT, "request_timeout")
BODY_TOO_LARGE: Final = Refusal(http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content_too_large")
HEAD_TOO_LARGE: Final = Refusal(
    http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"
)
TOO_MANY: Final = Refusal(http.HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", 5)


def written(refusal: Refusal, server_headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Head and body of the answer, which is logged; `server_headers` are those of every answer."""
    request_id = secrets.token_hex(8)
    _log.info("request refused", request_id=request_id, status=refusal.status, error=refusal.key)
    detail: dict[str, object] = {
        "error": refusal.key,
        "message": MESSAGES[refusal.key],
        "request_id": request_id,
    }
    if refusal.retry_after:
        detail["retry_after"] = refusal.retry_after
    body = orjson.dumps({"detail": detail})
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": request_id,
        "connection": "close",
    }
    if refusal.retry_after:
        headers["retry-after"] = str(refusal.retry_after)
    lines = [f"HTTP/1.1 {refusal.status} {refusal.status.phrase}"]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in server_headers]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii"), body
