"""Who may ask, before anything else is looked at.

    401   no token, or none that opens anything: which of these is not told
    403   a token without the scope that the operation's description names
    413   a body of more than 64 KiB, however it comes
    415   a body that is not JSON
    400   a query parameter given twice: whoever checks one and obeys the other can be deceived

The scope stands once, in `security` of the operation's own OpenAPI description: what is documented
is what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from telpher.core.tokens import Scope
from telpher.service.tokens import Tokens
from telpher.web.errors import HttpError

# The largest sensible body has a hundred bytes.
LONGEST_BODY: Final = 64 << 10

# The scheme's name in the OpenAPI document.
SCHEME: Final = "token"

_CHALLENGE: Final = 'Bearer realm="telpher"'
_JSON: Final = "application/json"

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(scope: Scope) -> dict[str, Any]:
    """The part of an operation's description that has the guard ask for `scope`."""
    return {"security": [{SCHEME: [scope.value]}]}


def guarded(tokens: Tokens) -> type[APIRoute]:
    """A class of routes that nobody passes without a token of `tokens`."""

    class GuardedRoute(APIRoute):
        """See the module."""

        def get_route_handler(self) -> _Handler:
            handle = super().get_route_handler()
            [[scope]] = (self.openapi_extra or {})["security"][0].values()

            async def guard(request: Request) -> Response:
                await _admit(tokens, request, scope)
                _refuse_doubles(request)
                body = await _body(request)
                if self.body_field is not None:
                    _require_json(request)
                answer = await handle(_with(request, body))
                answer.headers.update(_HEADERS)
                return answer

            return guard

    return GuardedRoute


async def _admit(tokens: Tokens, request: Request, scope: str) -> None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized(_CHALLENGE)
    token = await tokens.check(text.strip())
    if token is None:
        raise _unauthorized(f'{_CHALLENGE}, error="invalid_token"')
    structlog.contextvars.bind_contextvars(token=token.token_id)
    if scope not in token.scopes:
        told = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        raise HttpError(HTTPStatus.FORBIDDEN, "forbidden", {"WWW-Authenticate": told})


def _unauthorized(challenge: str) -> HttpError:
    """RFC 6750, 3: no error is named to whoever showed no token."""
    return HttpError(HTTPStatus.UNAUTHORIZED, "unauthorized", {"WWW-Authenticate": challenge})


def _refuse_doubles(request: Request) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)):
        raise HttpError(HTTPStatus.BAD_REQUEST, "bad_request")


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", {"Accept": _JSON})


async def _body(request: Request) -> bytes:
    """All of the body, or of as much as is too much nothing."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LONGEST_BODY:
        raise _too_large()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise _too_large()
    return bytes(body)


def _too_large() -> HttpError:
    """With what is left of the body unread, the connection cannot be used again."""
    headers = {"Connection": "close"}
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content_too_large", headers)


def _with(request: Request, body: bytes) -> Request:
    """The request again, with its body in memory."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)
