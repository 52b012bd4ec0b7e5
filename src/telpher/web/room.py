"""For how many connections there is room in this process: each is an open file.

Systems still give a process 1,024 files at first, and let it ask for more. Beyond what it gets no
connection can be accepted, no database opened and no cache read: so clients are told no before.
"""

from __future__ import annotations

import resource
from typing import Final

# Of open files, for all else: data centres, database, cache, log.
RESERVE: Final = 256

# Even where nearly no files are allowed.
LEAST: Final = 64


def make_room(wanted: int) -> int:
    """Has the process allowed the files for `wanted` connections; for how many there is room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    needed = wanted + RESERVE
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(LEAST, min(wanted, soft - RESERVE))
