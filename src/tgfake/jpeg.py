"""How large the picture in a JPEG is (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct

_HEAD = struct.Struct(">HH")
# The frame headers: SOF0 to SOF15, less the markers between them that are none (DHT, JPG, DAC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def sides(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None of what is no JPEG."""
    at = 2
    while at + 9 <= len(data):
        marker, length = _HEAD.unpack_from(data, at)
        if marker >> 8 != 0xFF:
            return None
        if marker & 0xFF in _FRAMES:
            height, width = _HEAD.unpack_from(data, at + 5)
            return width, height
        at += 2 + length
    return None
