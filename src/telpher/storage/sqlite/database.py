"""The Database in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from telpher.clock import Clock


class SqliteDatabase:
    """See Database."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
