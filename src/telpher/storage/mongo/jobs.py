"""Jobs in MongoDB; a JobStore."""

from __future__ import annotations

from typing import Final

from telpher.core.records import Job, JobState
from telpher.storage.mongo.forms import moment, seconds
from telpher.storage.mongo.schema import JOBS
from telpher.storage.mongo.server import Document, Server
from telpher.storage.scalars import fits, storable

_UNFINISHED: Final = {"$in": [JobState.WAITING.value, JobState.RUNNING.value]}


class MongoJobs:
    """See JobStore."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def add(self, job: Job) -> None:
        """See JobStore."""
        fields = {
            "kind": storable(job.kind),
            "owner": job.owner,
            "created": moment(job.created),
            "state": job.state.value,
            "plan": storable(job.plan),
            "progress": storable(job.progress),
            "cancel": job.cancel,
            "fence": 0,
        }
        async with self._server.asking() as collections:
            await collections[JOBS].update_one(
                {"_id": storable(job.job_id)}, {"$setOnInsert": fields}, upsert=True
            )

    async def get(self, job_id: str) -> Job | None:
        """See JobStore."""
        async with self._server.asking() as collections:
            found = await collections[JOBS].find_one({"_id": storable(job_id)})
        return _job(found) if found else None

    async def unfinished(self, kind: str) -> list[Job]:
        """See JobStore."""
        wanted = {"kind": storable(kind), "state": _UNFINISHED}
        async with self._server.asking() as collections:
            rows = collections[JOBS].find(wanted).sort([("created", 1), ("_id", 1)])
            return [_job(row) async for row in rows]

    async def recent(self, kind: str, limit: int) -> list[Job]:
        """See JobStore."""
        if limit <= 0:
            return []
        async with self._server.asking() as collections:
            rows = collections[JOBS].find({"kind": storable(kind)})
            rows = rows.sort([("created", -1), ("_id", -1)]).limit(limit)
            return [_job(row) async for row in rows]

    async def note(self, job_id: str, fence: int, state: JobState, progress: str) -> bool:
        """See JobStore."""
        if not fits(fence):
            return False
        fields = {"state": state.value, "progress": storable(progress), "fence": fence}
        return await self._change(job_id, {"fence": {"$lte": fence}}, fields)

    async def cancel(self, job_id: str) -> bool:
        """See JobStore."""
        return await self._change(job_id, {}, {"cancel": True})

    async def _change(self, job_id: str, where: Document, fields: Document) -> bool:
        wanted = {"_id": storable(job_id), "state": _UNFINISHED, **where}
        async with self._server.asking() as collections:
            found = await collections[JOBS].update_one(wanted, {"$set": fields})
        return found.matched_count > 0


def _job(document: Document) -> Job:
    return Job(
        job_id=document["_id"],
        kind=document["kind"],
        owner=document["owner"],
        created=seconds(document["created"]),
        state=JobState(document["state"]),
        plan=document["plan"],
        progress=document["progress"],
        cancel=document["cancel"],
    )
