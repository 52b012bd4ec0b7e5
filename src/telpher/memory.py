"""How much memory this process may use.

On small servers and free tiers the container's limit is far below the machine's memory, and who
exceeds it is killed without a word.
"""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def memory_limit(root: Path = CGROUP_ROOT, own: Path = OWN_CGROUP) -> int:
    """Bytes: the machine's memory, or the smallest limit of this process's cgroup and those above.

    Reads cgroups of version 2 (memory.max) and version 1 (memory.limit_in_bytes).
    """
    limits = [limit for path in _limit_files(root, own) if (limit := _read(path)) is not None]
    return min([*limits, psutil.virtual_memory().total])


def _limit_files(root: Path, own: Path) -> list[Path]:
    files = [root / "memory.max", root / "memory" / "memory.limit_in_bytes"]
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return files
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers not in ("", "memory"):
            continue
        base = root / controllers
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        parts = Path(path.lstrip("/")).parts
        files += [base.joinpath(*parts[:n], name) for n in range(1, len(parts) + 1)]
    return files


def _read(path: Path) -> int | None:
    """A limit in bytes; None for "max", version 1's way of saying so, or what cannot be read."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    if not text.isdigit() or int(text) >= 1 << 60:
        return None
    return int(text)
