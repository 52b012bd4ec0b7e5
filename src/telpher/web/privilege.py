"""Who may see what strangers may not: /metrics and the whole of /stats.

    the token         METRICS_TOKEN, as a bearer token: for Prometheus and scripts elsewhere
    this machine      asked from loopback, by no proxy: for whoever is on the machine anyway
    a signed-in admin the session of /dashboard

Everybody else is answered with 401, which tells whoever set up a scrape what is missing; that
/metrics exists is no secret. A proxy on the same machine comes from loopback, too, with strangers
behind it: what it adds to a request gives it away (the headers of forwarding, HTTP/1.0, which nginx
speaks to what is behind it, the public name in Host). The name in Host keeps out web pages, too,
that have a browser on this machine ask for them (DNS rebinding).
"""

from __future__ import annotations

import hmac
import re
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, Protocol

from pydantic import SecretStr
from starlette.requests import Request

from telpher.core.forwarded import address_of
from telpher.web.errors import HttpError

# What proxies add, or pass on from one before them.
_FORWARDING: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)

_HOST: Final = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:]*))(?::\d*)?")

_CHALLENGE: Final = 'Bearer realm="telpher"'


class Sessions(Protocol):
    """Who knows the signed-in admins."""

    async def is_admin(self, request: Request) -> bool:
        """Whether the request carries the session of somebody who is an admin now."""
        ...


class NoSessions:
    """Nobody can sign in."""

    async def is_admin(self, request: Request) -> bool:
        return False


class Privilege:
    """See the module. Without a token there is none that opens anything."""

    def __init__(self, token: SecretStr | None, sessions: Sessions) -> None:
        self._token = token.get_secret_value().encode() if token else b""
        self._sessions = sessions

    async def granted(self, request: Request) -> bool:
        """Whether who asks may see everything."""
        if self._has_token(request) or _from_this_machine(request):
            return True
        return await self._sessions.is_admin(request)

    async def require(self, request: Request) -> None:
        """Raises HttpError (401) unless it is granted."""
        if not await self.granted(request):
            headers = {"WWW-Authenticate": _CHALLENGE}
            raise HttpError(HTTPStatus.UNAUTHORIZED, "unauthorized", headers)

    def _has_token(self, request: Request) -> bool:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._token:
            return False
        return hmac.compare_digest(text.strip().encode(), self._token)


def _from_this_machine(request: Request) -> bool:
    peer = address_of(request.client.host) if request.client else None
    if peer is None or not peer.is_loopback or request.scope["http_version"] == "1.0":
        return False
    if any(name in request.headers for name in _FORWARDING):
        return False
    return _names_this_machine(request.headers.get("host", ""))


def _names_this_machine(host: str) -> bool:
    named = _HOST.fullmatch(host)
    if named is None:
        return False
    name = named["name"] or named["ipv6"] or ""
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
