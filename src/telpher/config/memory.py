"""How much memory telpher may count on: the container's limit when there is one."""

from __future__ import annotations

from pathlib import Path

import psutil

# cgroup v2, then v1. v2 writes "max" for no limit, v1 a number near 2^63.
_LIMIT_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit(limit_files: tuple[Path, ...] = _LIMIT_FILES) -> int:
    """Bytes: the smallest of the machine's memory and the limits that cgroups set."""
    limits = (_limit(path) for path in limit_files)
    return min([psutil.virtual_memory().total, *(limit for limit in limits if limit)])


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
