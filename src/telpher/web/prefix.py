"""A route to everything below a prefix, whatever follows: so every wrong address gets one answer.

Its work is cancelled when the client leaves (`disconnect`).
"""

from __future__ import annotations

from abc import abstractmethod
from http import HTTPStatus
from typing import Final

from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from telpher.web.disconnect import while_connected
from telpher.web.errors import HttpError

ALLOW: Final = "GET, HEAD, OPTIONS"


class PrefixRoute(BaseRoute):
    """See the module. `serve` answers GET and HEAD."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    @abstractmethod
    async def serve(self, request: Request, receive: Receive, send: Send) -> None:
        """Sends one complete answer, or raises; awaits nothing after its last message."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = scope["type"] == "http" and scope["path"].startswith(self._prefix)
        return (Match.FULL if found else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method == "OPTIONS":
            await Response(None, HTTPStatus.NO_CONTENT, {"Allow": ALLOW})(scope, receive, send)
            return
        if request.method not in ("GET", "HEAD"):
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", {"Allow": ALLOW})
        await while_connected(receive, self.serve(request, receive, send))
