"""Who may speak to the chat page's server: the page itself, and people who type its address.

It listens on loopback, but every page of the internet can make a browser send requests there:

    a name that was made to lead here     Host is not a name of this machine        403
    (DNS rebinding)
    a form or script of another page      Origin is not this server's own; nothing  403
                                          that changes anything goes without one
    pictures and frames in another page   Sec-Fetch-Site says that it is another's  403

Of other programs on this machine nothing is kept away: whoever runs here may look, as at all of
tgfake. Pages of telpher are another origin too (another port), and no more trusted than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Whatever port: it may be reached through a tunnel, under another one.
_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_SAFE: Final = frozenset({"GET", "HEAD"})

# What a browser says of requests that its own page, or nobody's page, made.
_OWN: Final = frozenset({"same-origin", "none"})

# Scripts and styles come from here, nothing is written into the page, nobody may frame it.
# `blob:` is what the browser holds itself: a file that is about to be sent, to learn its length.
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = why_not(scope["method"], scope["path"], Headers(scope=scope))
        app = PlainTextResponse(f"{refusal}\n", 403) if refusal else self._app
        await app(scope, receive, guarded)


def why_not(method: str, path: str, headers: Headers) -> str:
    """Why a request is refused; empty when it is not. Pure."""
    host = headers.get("host", "")
    if _without_port(host) not in _NAMES:
        return "The demo answers under 127.0.0.1 and localhost only."
    if method not in _SAFE and headers.get("origin") != f"http://{host}":
        return "Only the demo's own page may do that."
    if path != "/" and headers.get("sec-fetch-site", "none") not in _OWN:
        return "Only the demo's own page may see that."
    return ""


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
