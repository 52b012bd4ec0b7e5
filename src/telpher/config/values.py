"""How the text of a variable becomes a value.

Each type here takes the text as the environment has it, or the finished value when code builds
Settings itself. A ValueError's text completes the sentence "NAME='text': ..." (problems.py) and
never repeats the text, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, SecretStr

# Shorter ones can be found by trying: 16 characters of an alphabet of 64 are 96 bits.
SHORTEST_SECRET = 16

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
# Telegram's rule for public names; four letters are the auctioned ones.
_PUBLIC_NAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")

Network = IPv4Network | IPv6Network
Channel = int | str
"""A chat: its id (channels and supergroups begin with -100), or its public name without @."""


def _from_text(parse: Callable[[str], Any]) -> BeforeValidator:
    """Parses texts; leaves anything else to pydantic's own check of the type."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _user_ids(text: str) -> frozenset[int]:
    words = _words(text)
    if not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        raise ValueError("every entry must be a user's id, a positive whole number")
    return frozenset(map(int, words))


def _channel(text: str) -> Channel:
    if re.fullmatch(r"-?[0-9]+", text):
        if int(text) >= 0:
            raise ValueError("a channel's or group's id is negative (a channel's begins with -100)")
        return int(text)
    name = _PUBLIC_NAME.fullmatch(text)
    if name is None:
        raise ValueError("must be a public name with @ or an id such as -1001234567890")
    return name[1]


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(word) for word in _words(text))
    except ValueError:
        raise ValueError(
            "every entry must be an IP address or a network such as 10.0.0.0/8"
        ) from None


def _split(text: str) -> SplitResult:
    """A URL's parts, its port checked: urlsplit itself looks only when asked for it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    return parts


def _web_url(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    if parts.username is not None:
        raise ValueError("must not hold a user name or password")
    return text


def _base_url(text: str) -> str:
    parts = _split(_web_url(text))
    if parts.query or parts.fragment:
        raise ValueError("must end before any ? or #: links are made by adding to it")
    return text.rstrip("/")


def _origins(text: str) -> tuple[str, ...]:
    words = tuple(_words(text))
    if words != ("*",) and not all(map(_is_origin, words)):
        raise ValueError(
            "must be * alone, or origins such as https://example.org without anything behind"
        )
    return words


def _is_origin(text: str) -> bool:
    parts = _split(text)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and text == f"{parts.scheme}://{parts.netloc}"
        and "@" not in parts.netloc
    )


def _host(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        # A name of digits and dots alone is a mistyped address, not a host.
        if not _HOST_NAME.fullmatch(text) or re.fullmatch(r"[0-9.]+", text):
            raise ValueError("is neither an IP address nor a host name") from None
    return text


def _listener(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ValueError("must be an address, a colon, and a port, such as 127.0.0.1:5514")
    return _host(host.strip("[]")), int(port)


def _token(text: str) -> SecretStr:
    if not _TOKEN.fullmatch(text):
        raise ValueError("is not a bot token (digits, a colon, then letters, digits, _ or -)")
    return SecretStr(text)


def _tokens(text: str) -> tuple[SecretStr, ...]:
    return tuple(_token(word) for word in _words(text))


def _secret(text: str) -> SecretStr:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters")
    return SecretStr(text)


def _server_url(*schemes: str) -> Callable[[str], SecretStr]:
    def parse(text: str) -> SecretStr:
        # Not urlsplit: a MongoDB URL may name several hosts, each with a port.
        scheme, mark, rest = text.partition("://")
        if not mark or scheme not in schemes or not rest.rpartition("@")[2].strip("/"):
            beginnings = " or ".join(f"{each}://" for each in schemes)
            raise ValueError(f"must begin with {beginnings} and name a host")
        return SecretStr(text)

    return parse


UserIds = Annotated[frozenset[int], _from_text(_user_ids)]
ChannelName = Annotated[Channel, _from_text(_channel)]
Networks = Annotated[tuple[Network, ...], _from_text(_networks)]
WebUrl = Annotated[str, _from_text(_web_url)]
BaseUrl = Annotated[str, _from_text(_base_url)]
Origins = Annotated[tuple[str, ...], _from_text(_origins)]
Host = Annotated[str, _from_text(_host)]
Token = Annotated[SecretStr, _from_text(_token)]
Tokens = Annotated[tuple[SecretStr, ...], _from_text(_tokens)]
Secret = Annotated[SecretStr, _from_text(_secret)]
MongoUrl = Annotated[SecretStr, _from_text(_server_url("mongodb", "mongodb+srv"))]
Listener = Annotated[tuple[str, int], _from_text(_listener)]
RedisUrl = Annotated[SecretStr, _from_text(_server_url("redis", "rediss", "unix"))]
Upper = _from_text(str.upper)
Lower = _from_text(str.lower)
