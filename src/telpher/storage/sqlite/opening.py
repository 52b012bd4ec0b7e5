"""How a SQLite file is opened, brought to its newest form, and set aside when it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from telpher.storage.search import file_search_key, name_search_key

_T = TypeVar("_T")

Work = Callable[[sqlite3.Connection], _T]

Identity = tuple[int, int]

# Seconds. Another process may be writing: a transaction of ours takes milliseconds, on a slow disk
# a second. Less than what callers of the database wait, so that they hear the reason.
LOCK_PATIENCE = 1.5

_OWNER_ONLY = 0o600

# https://www.sqlite.org/rescode.html; the low byte is the primary code.
_PRIMARY = 0xFF
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def for_writing(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    """The file, made if need be. Raises sqlite3.Error or OSError."""
    _make(path)
    connection = sqlite3.connect(path, timeout=LOCK_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # Only a power cut can undo the last commits; it cannot damage the file.
        connection.execute("PRAGMA synchronous=NORMAL")
        if _version(connection) != len(steps):  # else nothing is written: the disk may be full
            transact(connection, lambda connection: upgrade(connection, steps))
    except BaseException:
        connection.close()
        raise
    return connection


def beside(path: Path) -> sqlite3.Connection:
    """A second connection to a file that is open for writing; it only reads."""
    connection = sqlite3.connect(path, timeout=LOCK_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only=1")
    except BaseException:
        connection.close()
        raise
    return connection


def for_reading(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    """A file that cannot be written, as it is."""
    # Immutable: without it SQLite wants to write the journal's index even for reading.
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        if _version(connection) != len(steps):
            raise sqlite3.OperationalError("the file has another version and cannot be changed")
    except BaseException:
        connection.close()
        raise
    return connection


def transact(connection: sqlite3.Connection, work: Work[_T]) -> _T:
    """What `work` returns, in one transaction: whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back by itself; then there is nothing left to undo.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGED


def set_aside(path: Path) -> Path:
    """Makes room for a new file and keeps the damaged one, with its journal, for whoever wants to
    look: where it is now. Raises OSError."""
    aside = path.with_name(f"{path.name}.damaged")
    path.replace(aside)
    forget_index(path)
    journal, kept = journal_of(path), journal_of(aside)
    kept.unlink(missing_ok=True)
    if journal.is_file():
        journal.replace(kept)
    return aside


def identity(path: Path) -> Identity | None:
    """Which file stands there (device and inode); None for none. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def rescued(connection: sqlite3.Connection, path: Path) -> bool:
    """Writes a file that was deleted while `connection` has it open to `path` again, whole or not
    at all; whether that worked."""
    copy = path.with_name(f"{path.name}.rescued")
    try:
        copy.unlink(missing_ok=True)
        _make(copy)
        connection.execute("VACUUM INTO ?", (str(copy),))
        copy.replace(path)
    except (sqlite3.Error, OSError):
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)
        return False
    return True


def journal_of(path: Path) -> Path:
    """What is written, but not yet brought into the file itself."""
    return path.with_name(f"{path.name}-wal")


def forget_index(path: Path) -> None:
    """Deletes the journal's index, which SQLite makes again. Raises OSError."""
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)


def _make(path: Path) -> None:
    """An empty file, unless there is one; and nobody else's to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite gives its journals the mode of the file itself.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _OWNER_ONLY))
    path.chmod(_OWNER_ONLY)


def upgrade(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Brings what is open to its newest form, in the caller's transaction. Raises sqlite3.Error."""
    version = _version(connection)
    if version > len(steps):
        raise sqlite3.OperationalError("the file was written by a newer telpher")
    # What a step has to fill in, and SQL cannot.
    for function in (name_search_key, file_search_key):
        connection.create_function(function.__name__, 1, function, deterministic=True)
    for step in steps[version:]:
        for statement in _statements(step):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(steps)}")


def _statements(step: str) -> Iterator[str]:
    """One by one: executescript would end the caller's transaction."""
    statement = ""
    for piece in step.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):  # the semicolons of a trigger's body end nothing
            yield statement
            statement = ""


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
