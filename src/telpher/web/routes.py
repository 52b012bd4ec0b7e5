"""The class of route that a path belongs to: what HTTP metrics are told apart by.

The set is fixed, whatever strangers ask for: what is nowhere is "other".
"""

from __future__ import annotations

from typing import Final

OTHER: Final = "other"

_EXACT: Final = {
    "/": "home",
    "/health": "health",
    "/metrics": "metrics",
    "/stats": "stats",
    "/dashboard": "dashboard",
    "/docs": "reference",
    "/redoc": "reference",
    "/openapi.json": "reference",
    "/favicon.ico": "static",
}
_BELOW: Final = frozenset(
    {"stream", "download", "watch", "thumbnail", "playlist", "api", "static", "health", "dashboard"}
)

CLASSES: Final = frozenset({*_EXACT.values(), *_BELOW, OTHER})


def class_of(path: str) -> str:
    """One of CLASSES."""
    exact = _EXACT.get(path)
    if exact is not None:
        return exact
    first, slash, _ = path[1:].partition("/")
    return first if slash and first in _BELOW else OTHER
