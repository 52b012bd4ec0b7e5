"""Where a list goes on: the key of a page's last row, as a text that only this module reads.

It is no secret and not signed: whoever makes one up begins somewhere else in a list they may read
as a whole.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from typing import Final

from telpher.storage.base import PageKey

# 22 characters hold 132 bits, 4 more than needed: these are zero, or a key had 16 spellings.
PATTERN: Final = "^[A-Za-z0-9_-]{21}[AQgw]$"

_FORM: Final = re.compile(PATTERN.removesuffix("$") + r"\Z")

# Time and number: the key as it is, exactly.
_KEY: Final = struct.Struct(">dq")


def write(key: PageKey) -> str:
    """A cursor."""
    return base64.urlsafe_b64encode(_KEY.pack(key.at, key.number)).rstrip(b"=").decode()


def read(cursor: str) -> PageKey:
    """The key of a cursor. Raises ValueError for what is not of the form PATTERN."""
    if not _FORM.match(cursor):
        raise ValueError("no cursor")
    at, number = _KEY.unpack(base64.urlsafe_b64decode(f"{cursor}=="))
    # Only somebody's own invention is no number: databases would not know how to compare with it.
    return PageKey(at if math.isfinite(at) else 0.0, number)
