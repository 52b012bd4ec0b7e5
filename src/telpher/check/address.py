"""URL: whether what players are given leads to this telpher.

While telpher runs it is asked for /health/live by its public address; while nothing listens on
PORT, a listener takes its place for the moment and is asked instead, which proves more: its answer
holds a word that nobody else knows.

The question goes out from this machine. Some routers do not let a machine reach itself by its
public address, and some platforms route it inside: so a silence proves nothing, and an answer not
that the whole world gets one. What was not found out is said.
"""

from __future__ import annotations

import asyncio
import errno
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import psutil

from telpher.check.listener import Listener, listening
from telpher.check.report import Finding, failed, ok, warning
from telpher.config.settings import Settings
from telpher.core.forwarded import address_of, within

NAME: Final = "URL"

# Seconds for the connection and for each piece of the answer.
_PATIENCE: Final = 8.0

# Of the answer; what is longer is not telpher's.
_MOST: Final = 4096

# What /health/live says, whichever telpher it is (web/system).
_ALIVE: Final = b'{"status":"alive"}'

_LIVE: Final = "/health/live"

# What proxies say who do not reach what is behind them.
_FROM_A_PROXY: Final = frozenset({502, 503, 504})

# Where who listens everywhere can be asked.
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 compared, not bound

_ONWARD: Final = "See that port forwarding, firewall and proxy lead to this machine."
_ELSEWHERE: Final = "To be certain, open it on a phone that is in another network."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status with the beginning of the body, or a reason why nothing did.

    Without either it was no HTTP.
    """

    status: int = 0
    body: bytes = b""
    error: OSError | None = None

    @property
    def alive(self) -> bool:
        """Whether a telpher said so."""
        return self.body.replace(b" ", b"") == _ALIVE


class AddressLook:
    """Asks once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = settings.base_url

    async def look(self) -> list[Finding]:
        """One line, two when there is a proxy that nobody told telpher of."""
        settings = self._settings
        if settings.port == 0:
            return [warning(NAME, f"{self._url}: with PORT=0 it cannot be tried.", _ELSEWHERE)]
        try:
            async with listening(settings.host, settings.port) as listener:
                answer = await self._ask(self._url)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return [await self._taken()]
            return [self._not_to_be_had(error)]
        right = answer.body == listener.word.encode()
        return [self._judge(answer, right=right), *self._proxies(listener)]

    async def _taken(self) -> Finding:
        """Somebody listens on PORT: telpher at work, if all is well."""
        host = self._settings.host
        near = _LOOPBACK.get(host, host)
        where = f"[{near}]" if ":" in near else near
        here = await self._ask(f"http://{where}:{self._settings.port}")
        if not here.alive:
            return failed(
                "PORT",
                f"{self._settings.port} is in use by something that is not telpher.",
                "Stop that program, or set another PORT.",
            )
        answer = await self._ask(self._url)
        return self._judge(answer, right=answer.alive)

    async def _ask(self, base: str) -> Answer:
        return await asyncio.to_thread(ask, base + _LIVE)

    def _judge(self, answer: Answer, *, right: bool) -> Finding:
        if right:
            return ok(NAME, f"{self._url} leads to telpher, as far as this machine can tell.")
        if answer.error is not None:
            return silent(self._url, answer.error)
        return wrong(self._url, answer.status, self._settings.port)

    def _not_to_be_had(self, error: OSError) -> Finding:
        where = f"{self._settings.host}:{self._settings.port}"
        return failed(
            "HOST, PORT",
            f"cannot listen on {where}: {error.strerror or error}.",
            "Set HOST=0.0.0.0 and a PORT above 1023.",
        )

    def _proxies(self, listener: Listener) -> list[Finding]:
        trusted = self._settings.trusted_proxies
        asked = [(each, address_of(each)) for each in sorted(listener.peers)]
        strange = [text for text, each in asked if each is None or not within(each, trusted)]
        if not strange:
            return []
        named = ", ".join(strange)
        return [
            warning(
                "TRUSTED_PROXIES",
                f"the proxy at {named} is not among them, so all its clients count as one.",
                f"Add {named}.",
            )
        ]


def ask(url: str) -> Answer:
    """What a GET brings, redirects followed; no proxy of this machine's is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PATIENCE) as response:
            return Answer(int(response.status), response.read(_MOST))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code)
    except urllib.error.URLError as error:
        reason = error.reason
        return Answer(error=reason if isinstance(reason, OSError) else OSError(str(reason)))
    except OSError as error:
        return Answer(error=error)
    except http.client.HTTPException:
        return Answer()


def silent(url: str, error: OSError) -> Finding:
    """No answer came: what that says, and what it does not."""
    match error:
        case ssl.SSLCertVerificationError():
            found = f"{url}: its certificate is not accepted ({error.verify_message})."
            return failed(NAME, found, "Renew it; Caddy does so by itself (docs/deployment.md).")
        case ssl.SSLError():
            found = f"{url}: nothing speaks TLS there ({error.reason or error})."
            return failed(NAME, found, "Set URL to http://, or put a proxy with TLS in front.")
        case socket.gaierror():
            found = f"{url}: that name leads nowhere ({error.strerror})."
            return failed(NAME, found, "Correct URL, or make the name's DNS record.")
        case TimeoutError():
            found = f"{url}: no answer within {_PATIENCE:.0f} s, at least to this machine itself."
        case _:
            found = f"{url}: {(error.strerror or str(error)).lower()}."
            if _is_here(url):
                return failed(NAME, found, _ONWARD)
    return warning(
        NAME, found, f"{_ONWARD} Some routers only refuse the machine itself. {_ELSEWHERE}"
    )


def wrong(url: str, status: int, port: int) -> Finding:
    """An answer came, and not from telpher."""
    if status in _FROM_A_PROXY:
        return failed(
            NAME,
            f"{url}: the proxy there answers {status}: it does not reach telpher.",
            f"Have it pass requests on to PORT, which is {port}.",
        )
    return failed(
        NAME,
        f"{url}: something other than telpher answers there ({status or 'no HTTP'}).",
        "Correct URL, or what its name and port lead to.",
    )


def _is_here(url: str) -> bool:
    """Whether the name leads to an address of this very machine."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError:
        return False
    own = {each.address for card in psutil.net_if_addrs().values() for each in card}
    return any(address[0] in own for *_, address in found)
