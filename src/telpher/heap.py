"""The heap of the process: large buffers are kept for the next one that needs them.

glibc gives memory above some thresholds back to the kernel with each `free`, and the next buffer
faults it in again, page by page: up to 1 ms for each MiB that is streamed. ./run, the image and the
service of systemd raise the thresholds by glibc's own variables (MALLOC_TOP_PAD_ and others), which
count only when they are set before a program starts. However else `telpher run` is started, this
does the same from inside: mallopt(3) takes the same values at any time.
"""

from __future__ import annotations

import ctypes
from typing import Final

# M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD of malloc.h, and what ./run sets them to: more
# than what all buffers in flight need together, 32 MiB being the most that the last may be.
_VALUES: Final = ((-1, 256 << 20), (-2, 16 << 20), (-3, 32 << 20))


def hold() -> bool:
    """Has freed memory kept. False where the C library is not glibc, and keeps its own ways."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return all([mallopt(parameter, value) == 1 for parameter, value in _VALUES])
