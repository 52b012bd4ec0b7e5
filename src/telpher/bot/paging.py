"""The place of a page in a long list, as a button carries it: "TIME,NUMBER". Pure.

A page is named by the row before it (storage/base.PageKey), so it costs the same wherever it is,
and what is added meanwhile moves nothing.
"""

from __future__ import annotations

import math

from telpher.storage.base import PageKey


def written(key: PageKey) -> str:
    """At most 40 characters."""
    return f"{key.at!r},{key.number}"


def read(place: str) -> PageKey | None:
    """The key; None, which is the first page, for whatever is none."""
    at, _, number = place.partition(",")
    try:
        key = PageKey(float(at), int(number))
    except ValueError:
        return None
    return key if math.isfinite(key.at) else None
