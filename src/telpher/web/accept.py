"""Content negotiation (RFC 9110, 12.5): a page for people or JSON for programs, packed or not.

Only two representations exist, so only one question is asked. Players, scripts and curl send
`*/*` or nothing and get JSON; browsers name text/html and get a page.
"""

from __future__ import annotations


def prefers_html(accept: str | None) -> bool:
    """Whether an Accept header ranks text/html above application/json."""
    weights = _weights(accept or "")
    return _quality(weights, "text/html") > _quality(weights, "application/json")


def accepts_gzip(encodings: str | None) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    weights = _weights(encodings or "")
    return weights.get("gzip", weights.get("*", 0.0)) > 0.0


def _weights(accept: str) -> dict[str, float]:
    """Media ranges, or codings, and their q; what is malformed counts as refused."""
    weights: dict[str, float] = {}
    for item in accept.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        weights[media] = next((_q(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return weights


def _q(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _quality(weights: dict[str, float], media: str) -> float:
    """The most specific range that covers `media` decides."""
    family = media.partition("/")[0] + "/*"
    for pattern in (media, family, "*/*"):
        if pattern in weights:
            return weights[pattern]
    return 0.0
