"""The headers of a request as RFC 9110 reads them."""

from __future__ import annotations

from starlette.requests import Request


def joined(request: Request) -> dict[str, str]:
    """By lower-case name, repeated ones joined (section 5.2)."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
