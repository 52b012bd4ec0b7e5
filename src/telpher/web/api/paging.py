"""Where a list goes on: the key of a page's last row, as a text that only this module reads.

It is no secret and not signed: whoever makes one up begins somewhere else in a list they may read
as a whole.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct

from telpher.storage.base import PageKey

# Time and number: the key as it is, exactly.
_KEY = struct.Struct(">dq")


def write(key: PageKey) -> str:
    """A cursor of 22 characters."""
    return base64.urlsafe_b64encode(_KEY.pack(key.at, key.number)).rstrip(b"=").decode()


def read(cursor: str) -> PageKey:
    """The key of a cursor. Raises ValueError for what `write` never wrote."""
    try:
        raw = base64.b64decode(f"{cursor}==", b"-_", validate=True)
        key = PageKey(*_KEY.unpack(raw))
    except (binascii.Error, struct.error, ValueError):
        raise ValueError("no cursor of this list") from None
    if not math.isfinite(key.at) or write(key) != cursor:
        raise ValueError("no cursor of this list")
    return key
