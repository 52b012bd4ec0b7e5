"""The cookie of a session: `__Host-telpher`, Secure, when URL is https; else `telpher`, and pages
and log warn. HttpOnly, SameSite=Strict. What it holds is `core/sign_in`'s to say."""

from __future__ import annotations

from typing import Final, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response

from telpher.core.sign_in import Session
from telpher.errors import StorageError
from telpher.service.sign_in import LONGEST, SignIn

_REMEDY: Final = (
    "Whoever is between browser and server can read it. Put a proxy with a certificate in front "
    "and set URL to its address; on this machine alone it does no harm."
)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Answer = TypeVar("_Answer", bound=Response)


class Cookies:
    """See the module. A browser keeps a cookie of that prefix to this host and path, so that no
    other host can set one, nor one that is reached without https (RFC 6265bis, 4.1.3)."""

    def __init__(self, sign_in: SignIn, *, secure: bool) -> None:
        self._sign_in = sign_in
        self._secure = secure
        self._name = "__Host-telpher" if secure else "telpher"

    async def session(self, request: Request) -> Session | None:
        """Whose session a request is of; None when it is of none. Raises StorageError."""
        cookie = request.cookies.get(self._name)
        return await self._sign_in.check(cookie) if cookie else None

    async def is_admin(self, request: Request) -> bool:
        """Whether an admin asks who is signed in; when that cannot be told, no."""
        try:
            return await self.session(request) is not None
        except StorageError:
            return False

    def given(self, answer: _Answer, session: Session) -> _Answer:
        """An answer with the session's cookie."""
        if not self._secure:
            _log.warning("a session of the dashboard goes without https", remedy=_REMEDY)
        return self._with(answer, self._sign_in.cookie(session), LONGEST)

    def taken(self, answer: _Answer) -> _Answer:
        """An answer that removes it."""
        return self._with(answer, "", 0)

    def _with(self, answer: _Answer, value: str, seconds: int) -> _Answer:
        answer.set_cookie(
            *(self._name, value, seconds),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return answer
