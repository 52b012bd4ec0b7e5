"""What the head of a request may be like. Pure."""

from __future__ import annotations

import re
from typing import Final

import httptools

# RFC 9110, 7.2 and RFC 3986, 3.2: what a host and port may be made of. It is used for nothing.
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")


def one_host(hosts: list[bytes], version: str) -> bool:
    """Whether the Host fields are as they must be (RFC 9112, 3.2)."""
    if not hosts:
        return version == "1.0"
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def with_path(target: bytes) -> bytes:
    """The request's target; of an absolute one path and query, the path perhaps `/` (3.2.1)."""
    if target.startswith(b"/") or target == b"*":
        return target
    parsed = httptools.parse_url(target)
    path = b"/" if parsed.path is None else parsed.path
    return path if parsed.query is None else path + b"?" + parsed.query
