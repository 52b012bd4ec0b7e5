"""What a form sends (application/x-www-form-urlencoded), read within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from telpher.web.errors import HttpError

# The largest form has a token, an id and where to go on.
LONGEST: Final = 4 << 10
_MOST_FIELDS: Final = 10


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields by name, of those given twice none. Raises HttpError."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            # With what is left of the body unread, the connection cannot be used again.
            headers = {"Connection": "close"}
            raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content_too_large", headers)
    try:
        pairs = parse_qsl(bytes(body).decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "bad_request") from None
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
