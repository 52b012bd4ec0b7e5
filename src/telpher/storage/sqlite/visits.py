"""How many different people and files there were in each span of time, in SQLite.

A row knows the hour of its last visit that counted (`visited`), see core/spans.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping

from telpher.core.spans import Span, Start, entered, start_of

_USER_BEFORE = "SELECT visited FROM users WHERE user_id = ?"
_USER_NOW = "UPDATE users SET visited = ? WHERE user_id = ?"
_FILE_BEFORE = "SELECT visited FROM files WHERE document_id = ?"
_FILE_NOW = "UPDATE files SET visited = ? WHERE document_id = ?"
_ADD = """
    INSERT INTO activity (span, start, users, files) VALUES (?, ?, ?, ?)
    ON CONFLICT (span, start) DO UPDATE SET
        users = users + excluded.users, files = files + excluded.files
"""


def count(
    connection: sqlite3.Connection, people: Mapping[int, float], files: Mapping[int, float]
) -> None:
    """Counts visits: when people (by id) were seen and files (by id) were played."""
    users_there = _entered(connection, people, _USER_BEFORE, _USER_NOW)
    files_there = _entered(connection, files, _FILE_BEFORE, _FILE_NOW)
    rows = [(*start, users_there[start], files_there[start]) for start in users_there | files_there]
    connection.executemany(_ADD, rows)


def _entered(
    connection: sqlite3.Connection, visits: Mapping[int, float], before: str, now: str
) -> Counter[Start]:
    there: Counter[Start] = Counter()
    for number, at in visits.items():
        row = connection.execute(before, (number,)).fetchone()
        if row and (starts := entered(row[0], at)):
            connection.execute(now, (start_of(Span.HOUR, at), number))
            there.update(starts)
    return there
