"""Who is asking: for limits, the log and whoever plays.

`Proxies` stands before everything else and puts the client in the place of a trusted proxy, so that
nothing behind it has to know of proxies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from telpher.core.forwarded import Address, Network, address_of, client_behind, limit_key, within

_PROXIED: Final = "proxied"

_log = structlog.stdlib.get_logger(__name__)


def client_of(scope: Scope) -> str:
    """The client's IPv4 address, or its IPv6 network of 64 bits; empty when it is not known."""
    address = _peer(scope)
    return "" if address is None else limit_key(address)


def is_proxied(scope: Scope) -> bool:
    """Whether it came from a trusted proxy, which tells of the client by X-Forwarded-For."""
    return bool(scope.get("state", {}).get(_PROXIED))


class Proxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto of trusted proxies, and of nobody else.

    Says so once when a private address sends the header and is not trusted: most likely that is a
    proxy, and all who come through it are one client to every limit.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = tuple(trusted)
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = self._seen_through(scope)
        await self._app(scope, receive, send)

    def _seen_through(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        if "x-forwarded-for" not in headers and "x-forwarded-proto" not in headers:
            return scope
        peer = _peer(scope)
        if peer is None:
            return scope
        if not within(peer, self._trusted):
            self._warn(peer)
            return scope
        client = client_behind(peer, headers.getlist("x-forwarded-for"), self._trusted)
        # The port is the proxy's: nobody knows the client's.
        state = {**scope.get("state", {}), _PROXIED: True}
        seen = {**scope, "client": (str(client), 0), "state": state}
        if headers.get("x-forwarded-proto") in ("http", "https"):
            seen["scheme"] = headers["x-forwarded-proto"]
        return seen

    def _warn(self, peer: Address) -> None:
        if self._warned or peer.is_global:
            return
        self._warned = True
        _log.warning(
            "a reverse proxy is not trusted",
            address=str(peer),
            remedy=f"If {peer} is your reverse proxy, add it to TRUSTED_PROXIES: until then "
            "everybody behind it is one client to all limits.",
        )


def _peer(scope: Scope) -> Address | None:
    client = scope.get("client")
    return None if client is None else address_of(client[0])
