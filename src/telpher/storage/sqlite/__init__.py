"""SQLite, the default: one file in WORK_DIR, nothing to set up."""

from telpher.storage.sqlite.database import SqliteDatabase
from telpher.storage.sqlite.file import SqliteFile

__all__ = ["SqliteDatabase", "SqliteFile"]
