"""Broadcasts as their admins see them: begun once, cancelled, looked at. `jobs/broadcasts` does the
work."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from telpher.clock import Clock
from telpher.core.broadcast import KIND, Plan, Progress
from telpher.core.records import Job, JobState
from telpher.storage.base import Database


class BroadcastService:
    """`wake` tells whoever works on broadcasts that there is something to do."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake

    def new_id(self) -> str:
        """The id of a broadcast that is to come: 12 characters."""
        return secrets.token_urlsafe(9)

    async def audience(self) -> int:
        """How many people it would go to now. Raises StorageError."""
        return (await self._database.users.counts(self._clock.now())).reachable

    async def begin(self, job_id: str, owner: int, plan: Plan) -> None:
        """Begins it; one of that id is begun once, however often this is called. Raises
        StorageError."""
        now = self._clock.now()
        job = Job(job_id, KIND, owner, now, JobState.WAITING, plan.dump())
        await self._database.jobs.add(job)
        self._wake()

    async def cancel(self, job_id: str) -> bool:
        """Has it stop with the next users; False when it is over. Raises StorageError."""
        found = await self._database.jobs.cancel(job_id)
        self._wake()
        return found

    async def recent(self, limit: int) -> Sequence[tuple[Job, Progress]]:
        """The newest ones, and how far each is. Raises StorageError."""
        jobs = await self._database.jobs.recent(KIND, limit)
        return [(job, Progress.load(job.progress)) for job in jobs]
