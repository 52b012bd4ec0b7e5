"""What custody keeps in WORK_DIR: sealed copies, and the id of the folder itself.

Sealed or not, a copy belongs to its owner alone (folder 0700, files 0600), and a file is replaced
in one step, so that a crash leaves the old or the new one, never half of one. Older versions kept
sessions in plain text: such a file is taken over once, and removed when its sealed copy is there.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_OWNER_ONLY_DIRECTORY = 0o700
_OWNER_ONLY_FILE = 0o600

# Names become file names: nothing that could leave the directory.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

_ID_BYTES = 16
_ID = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")


class SealedFiles:
    """Blobs by name in one directory; read and written in threads, for a disk may be slow."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writing = Lock()
        self._newest: dict[str, int] = {}

    async def load(self, name: str) -> bytes | None:
        """What was saved last; None when there is nothing, or nothing that can be read."""
        path = self._path(name, "sealed")
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("a saved session cannot be read", file=str(path), problem=str(error))
            return None

    async def save(self, name: str, blob: bytes) -> None:
        """Keeps it, whole or not at all. Raises OSError where the disk refuses.

        A thread goes on when nobody waits for it any more: what it has may be old by then, and
        must not replace what is newer.
        """
        path = self._path(name, "sealed")
        number = self._newest.get(name, 0) + 1
        self._newest[name] = number
        await asyncio.to_thread(self._write, path, blob, lambda: self._newest[name] == number)

    async def load_plain(self, name: str) -> str | None:
        """What an older version left in plain text; None when there is nothing to read."""
        try:
            return await asyncio.to_thread(self._path(name, "session.json").read_text, "utf-8")
        except (OSError, ValueError):
            return None

    async def drop_plain(self, name: str) -> None:
        """Removes that. Raises OSError where the disk refuses."""
        await asyncio.to_thread(self._path(name, "session.json").unlink, missing_ok=True)

    def _write(self, path: Path, blob: bytes, newest: Callable[[], bool]) -> None:
        with self._writing:
            if newest():
                _make_private(self._directory)
                _replace(path, blob)

    def _path(self, name: str, kind: str) -> Path:
        if not _NAME.fullmatch(name):
            msg = f"{name!r} cannot name a session"
            raise ValueError(msg)
        return self._directory / f"{name}.{kind}"


def instance_id(folder: Path) -> str:
    """The id of a WORK_DIR, made when it is asked for first: who holds leases.

    A folder that cannot keep it gets one for this run alone, which is safe: what an earlier run
    held is then somebody else's.
    """
    path = folder / "instance"
    try:
        found = path.read_text(encoding="ascii").strip()
        if _ID.fullmatch(found):
            return found
    except (OSError, ValueError):
        pass
    made = secrets.token_hex(_ID_BYTES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, made.encode())
    except OSError as error:
        _log.warning("this instance's id cannot be kept", file=str(path), problem=str(error))
    return made


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    directory.chmod(_OWNER_ONLY_DIRECTORY)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with open(draft, "wb", opener=_open_for_owner) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_TRUNC, _OWNER_ONLY_FILE)
