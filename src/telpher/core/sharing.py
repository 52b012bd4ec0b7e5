"""Which worker a request belongs to: all that speaks of one message goes to one of them, so that
its bytes are fetched and kept once.

The workers of one machine are as many as the supervisor keeps alive, so a remainder will do: there
is nothing that would have to move when one of them dies, since it comes back under its number.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Final

# What a cache in front asks before it sends a file's bytes (`web.edge`): a header names the file.
_ASKED_BY_EDGE: Final = re.compile(
    rb"GET /edge/auth[ ?].{0,32768}?\r\nX-Original-Uri: "
    rb"/(?:stream|download)/(-?\d{1,20})/(\d{1,20})[/?\r]",
    re.DOTALL | re.IGNORECASE,
)

# Routes that are about one message. All else is answered by whoever accepted it.
_TARGET: Final = re.compile(
    rb"[A-Z]{1,16} (?:https?://[^/ \r\n]{0,255})?"
    rb"/(?:stream|download|watch|thumbnail)/(-?\d{1,20})/(\d{1,20})[/? ]"
)


def owner(request: bytes, workers: int) -> int | None:
    """The number of the worker for a request that begins with these bytes; None when any will do,
    or when they are too few to tell."""
    found = _TARGET.match(request) or _ASKED_BY_EDGE.match(request)
    if found is None:
        return None
    # By their values: leading zeros are another spelling of the same message.
    message = b"%d/%d" % (int(found[1]), int(found[2]))
    return zlib.crc32(message) % workers


def keeper(owned_by: int, here: int, workers: int, able: Callable[[int], bool]) -> int:
    """Who serves a request that was accepted by worker `here`: whose it is; while that one is not
    `able` to, who has it already, or else the next one who is; `here` when nobody is."""
    if able(owned_by):
        return owned_by
    others = ((owned_by + step) % workers for step in range(1, workers))
    return here if able(here) else next(filter(able, others), here)
