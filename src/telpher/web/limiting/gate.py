"""The limit of every request that is not for a file's bytes (rule 17).

health, metrics, a page's assets, OPTIONS   free
thumbnails, the dashboard                   "requests": a page may show a hundred, or keep asking
pages, playlists, the API, what is nowhere  "plays": as many as films begun
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telpher.errors import RateLimitedError
from telpher.web.client import client_of
from telpher.web.errors import ErrorAnswers, from_tree
from telpher.web.limiting.rates import Limit, Rates

# These go by web/limiting/turns.
_FILES: Final = ("/stream/", "/download/", "/edge/")

_FREE: Final = frozenset({"/health", "/metrics", "/favicon.ico", "/robots.txt"})
_FREE_BELOW: Final = ("/health/", "/static/")
_MANY: Final = ("/thumbnail/", "/dashboard")


class RateGate:
    """Counts a request before anybody works for it, and answers it with 429 if it is too many."""

    def __init__(self, app: ASGIApp, rates: Rates, errors: ErrorAnswers) -> None:
        self._app = app
        self._rates = rates
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit(scope)
        if limit is None:
            await self._app(scope, receive, send)
            return
        client = client_of(scope)
        try:
            await limit.hit(client)
        except RateLimitedError as error:
            answer = self._errors.answer(Request(scope), from_tree(error))
            await answer(scope, receive, send)
            return
        headers = await limit.headers(client)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, telling)

    def _limit(self, scope: Scope) -> Limit | None:
        if scope["type"] != "http" or scope["method"] == "OPTIONS":
            return None
        path = scope["path"]
        if path in _FREE or path.startswith((*_FILES, *_FREE_BELOW)):
            return None
        return self._rates.requests if path.startswith(_MANY) else self._rates.plays
