"""Which database it is: MongoDB where DATABASE_URL names one, else a file in WORK_DIR."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from telpher.clock import Clock
from telpher.storage.mongo import MongoDatabase
from telpher.storage.sqlite import SqliteDatabase

FILE: Final = "telpher.sqlite3"


def database_at(url: str | None, work_dir: Path, clock: Clock) -> MongoDatabase | SqliteDatabase:
    """The database, to be entered in the loop that uses it."""
    if url:
        return MongoDatabase(url, clock)
    return SqliteDatabase(work_dir / FILE, clock)
