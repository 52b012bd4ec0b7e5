"""Sessions on disk: one small JSON file per account in WORK_DIR.

A session holds authorisation keys: whoever has the file is the bot. So the directory belongs to
its owner alone (0700), the files too (0600), and a file is replaced in one step, so that a crash
leaves the old or the new one, never half of one.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_OWNER_ONLY_DIRECTORY = 0o700
_OWNER_ONLY_FILE = 0o600

# Names become file names: nothing that could leave the directory.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FileSessionStore:
    """SessionStore in a directory. Raises OSError where the disk refuses."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, name: str) -> str | None:
        """The session of account `name`; None when there is none or it cannot be read.

        A broken file only costs a new login, so it is reported and treated as absent.
        """
        path = self._path(name)
        try:
            text = path.read_text(encoding="utf-8")
            json.loads(text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning(
                "the saved session cannot be read; logging in again",
                file=str(path),
                problem=type(error).__name__,
            )
            return None
        return text

    def save(self, name: str, session: str) -> None:
        """Keeps it, whole or not at all."""
        path = self._path(name)
        self._directory.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
        self._directory.chmod(_OWNER_ONLY_DIRECTORY)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with open(draft, "w", encoding="utf-8", opener=_open_for_owner) as file:
                file.write(session)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            msg = f"{name!r} cannot name a session"
            raise ValueError(msg)
        return self._directory / f"{name}.session.json"


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_TRUNC, _OWNER_ONLY_FILE)
