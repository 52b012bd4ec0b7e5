"""The operating system's part of the disk tier, narrow enough that tests can stand in for it.

Every call blocks, and raises OSError.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file in a folder: `space` is what it takes on disk in bytes, `modified` in ns."""

    name: str
    space: int
    modified: int


class Files(Protocol):
    """What page files are kept with."""

    def lock(self, path: Path) -> int:
        """Takes `path` for this process, for as long as the descriptor is open.

        Raises BlockingIOError when another process has it.
        """
        ...

    def make_folder(self, path: Path) -> None:
        """Makes the folder and those above it, unless they are there."""
        ...

    def entries(self, folder: Path) -> Iterator[FileEntry]:
        """The plain files in `folder`; none when there is no such folder."""
        ...

    def free(self, folder: Path) -> int:
        """Bytes that may still be written to the disk `folder` is on."""
        ...

    def open(self, path: Path, *, create: bool) -> int:
        """A descriptor for reading and, with `create`, writing."""
        ...

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes; fewer at the end of the file."""
        ...

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """Writes `data` or the beginning of it; returns how much."""
        ...

    def empty(self, descriptor: int) -> None:
        """Cuts the file to nothing."""
        ...

    def touch(self, descriptor: int) -> None:
        """Sets the time of modification to now."""
        ...

    def close(self, descriptor: int) -> None:
        """Ends the use of a descriptor."""
        ...

    def remove(self, path: Path) -> None:
        """Removes a file, which need not be there."""
        ...


class OsFiles:
    """The real ones. What is kept is private to telpher's user."""

    def lock(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def entries(self, folder: Path) -> Iterator[FileEntry]:
        try:
            listing = os.scandir(folder)
        except FileNotFoundError:
            return
        with listing:
            for entry in listing:
                if entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    yield FileEntry(entry.name, found.st_blocks * 512, found.st_mtime_ns)

    def free(self, folder: Path) -> int:
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize

    def open(self, path: Path, *, create: bool) -> int:
        flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
        return os.open(path, flags | os.O_NOFOLLOW, 0o600)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        return os.pwrite(descriptor, data, offset)

    def empty(self, descriptor: int) -> None:
        os.ftruncate(descriptor, 0)

    def touch(self, descriptor: int) -> None:
        os.utime(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
