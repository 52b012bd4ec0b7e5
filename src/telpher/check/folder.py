"""WORK_DIR: whether it can be written, has room, and is kept by the platform."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import psutil

from telpher.check.report import Finding, failed, ok, warning
from telpher.config.settings import Settings
from telpher.core.display import size

NAME: Final = "WORK_DIR"

# Enough that a full disk refuses it; less would fit into what a file system keeps back.
_PROBE: Final = 256 << 10

# The disk cache leaves 256 MiB to the database; below that counters and logins are in danger.
LEAST_FREE: Final = 256 << 20

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# File systems that end with the container or the machine's next start.
_PASSING: Final = frozenset({"overlay", "tmpfs", "ramfs", "aufs"})


def look(settings: Settings) -> list[Finding]:
    """May take as long as the disk does."""
    folder = settings.work_dir
    try:
        _write(folder)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return [_refused(folder, error)]
    where = f"{folder.absolute()}, {size(free)} free"
    return [
        _room(settings, free, where),
        *([_passing(folder)] if _is_passing(folder) and not settings.database_url else []),
    ]


def _write(folder: Path) -> None:
    """Proves that something can be written to the end. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, prefix="check-") as file:
        file.write(os.urandom(_PROBE))
        file.flush()
        os.fsync(file.fileno())


def _refused(folder: Path, error: OSError) -> Finding:
    found = f"'{folder}' cannot be written: {error.strerror}."
    if error.errno in _NO_ROOM:
        return failed(NAME, found, "Make room on that disk, or set WORK_DIR to a folder elsewhere.")
    return failed(NAME, found, "Name a folder that this user may write to.")


def _room(settings: Settings, free: int, where: str) -> Finding:
    if free < LEAST_FREE:
        return warning(
            NAME,
            f"{where}: too little for the database in the long run.",
            "Make room, or set WORK_DIR to a folder on another disk.",
        )
    wanted = int(settings.disk_cache_gb * (1 << 30))
    if wanted > free + _cached(settings.work_dir) - LEAST_FREE:
        return warning(
            NAME,
            f"{where}: the disk cache will not grow to DISK_CACHE_GB={settings.disk_cache_gb:g}.",
            "Lower it, or set WORK_DIR to a folder on a larger disk.",
        )
    return ok(NAME, f"{where}.")


def _cached(folder: Path) -> int:
    """Bytes that the disk cache has already."""
    pages = (folder / "cache").rglob("*")
    return sum(page.stat().st_size for page in pages if page.is_file())


def _is_passing(folder: Path) -> bool:
    place = folder.absolute()
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    home = next((each for each in (place, *place.parents) if each in mounts), None)
    return home is not None and mounts[home] in _PASSING


def _passing(folder: Path) -> Finding:
    return warning(
        NAME,
        f"'{folder}' is gone with the next deployment or start: links, users and logins with it.",
        "Mount a volume there, or set DATABASE_URL.",
    )
