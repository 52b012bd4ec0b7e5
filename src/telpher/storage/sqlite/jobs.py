"""Jobs, in SQLite."""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telpher.core.records import Job, JobState
from telpher.storage.scalars import storable
from telpher.storage.sqlite.file import SqliteFile

_COLUMNS = "job_id, kind, owner, created, state, plan, progress, cancel"
_UNFINISHED = "state IN ('waiting', 'running')"
_ADD = f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_GET = f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ?"
_OPEN = f"""
    SELECT {_COLUMNS} FROM jobs WHERE kind = ? AND {_UNFINISHED} ORDER BY created, job_id
"""
_RECENT = f"""
    SELECT {_COLUMNS} FROM jobs WHERE kind = ? ORDER BY created DESC, job_id DESC LIMIT ?
"""
_NOTE = f"""
    UPDATE jobs SET state = ?1, progress = ?2, fence = ?3
    WHERE job_id = ?4 AND fence <= ?3 AND {_UNFINISHED}
"""
_CANCEL = f"UPDATE jobs SET cancel = 1 WHERE job_id = ? AND {_UNFINISHED}"


class SqliteJobs:
    """See JobStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def add(self, job: Job) -> None:
        """See JobStore."""
        await self._file.change(_ADD, _row(job))

    async def get(self, job_id: str) -> Job | None:
        """See JobStore."""
        found = await self._several(_GET, storable(job_id))
        return found[0] if found else None

    async def unfinished(self, kind: str) -> list[Job]:
        """See JobStore."""
        return await self._several(_OPEN, storable(kind))

    async def recent(self, kind: str, limit: int) -> list[Job]:
        """See JobStore."""
        return await self._several(_RECENT, storable(kind), max(limit, 0))

    async def note(self, job_id: str, fence: int, state: JobState, progress: str) -> bool:
        """See JobStore."""
        values = (state.value, storable(progress), fence, storable(job_id))
        return await self._file.change(_NOTE, values) > 0

    async def cancel(self, job_id: str) -> bool:
        """See JobStore."""
        return await self._file.change(_CANCEL, (storable(job_id),)) > 0

    async def _several(self, query: str, *values: object) -> list[Job]:
        return [_job(row) for row in await self._file.all(query, values)]


def _job(row: Sequence[Any]) -> Job:
    job_id, kind, owner, created, state, plan, progress, cancel = row
    return Job(job_id, kind, owner, created, JobState(state), plan, progress, bool(cancel))


def _row(job: Job) -> tuple[object, ...]:
    texts = map(storable, (job.plan, job.progress))
    names = map(storable, (job.job_id, job.kind))
    return (*names, job.owner, job.created, job.state.value, *texts, job.cancel)
