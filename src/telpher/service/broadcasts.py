"""Broadcasts as their admins see them: begun once, cancelled, looked at. `jobs/broadcasts` does the
work."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b

from telpher.clock import Clock
from telpher.core.broadcast import KIND, Plan, Progress
from telpher.core.model import MessageRef
from telpher.core.records import Job, JobState
from telpher.storage.base import Database


class BroadcastService:
    """`wake` tells whoever works on broadcasts that there is something to do."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake

    def id_for(self, message: MessageRef) -> str:
        """The id, 12 characters, of the broadcast that comes of an admin's message: the same when
        the message is handled again after a crash."""
        name = f"{message.chat_id} {message.message_id}"
        return urlsafe_b64encode(blake2b(name.encode(), digest_size=9).digest()).decode()

    async def begun(self, job_id: str) -> bool:
        """Whether that one has begun, or is over. Raises StorageError."""
        return await self._database.jobs.get(job_id) is not None

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
