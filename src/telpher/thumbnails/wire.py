"""What the server and the process that takes a frame say to each other, over a pair of sockets.

    server → helper    ORDER size, longest side                     once
    helper → server    WANT offset, length                          as often as it likes
    server → helper    COUNT and so many bytes                      0: the end, or no more
    helper → server    PICTURE count and so many bytes | NOTHING    once

Each side waits for the other's answer before it says anything more.
"""

from __future__ import annotations

import struct
from typing import Final

# Numbers are little-endian. A message of the helper's begins with one of these.
WANT: Final = b"R"
PICTURE: Final = b"J"
NOTHING: Final = b"N"

ORDER: Final = struct.Struct("<QI")
RANGE: Final = struct.Struct("<QI")
COUNT: Final = struct.Struct("<I")

# How much is read at once: the granule of the cache (core/chunks), which is the least that Telegram
# is asked for.
BLOCK: Final = 64 << 10
