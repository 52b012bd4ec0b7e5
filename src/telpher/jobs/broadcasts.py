"""Broadcasts: one message to everybody, exactly once each, whatever dies in between (rule 33).

    a job in the database    what is sent, and how far it is: checkpoints
    a lease                  who works on it; checked by the monotonic clock before each send: who
                             was frozen stops by itself
    groups of users          by ascending id, a few at once, at the pace of BROADCAST_PER_SECOND
    a checkpoint             after a group, every second or so; also asks whether it was cancelled

Memory holds one group, however many people there are. While the database is away nothing is sent:
neither progress nor lease could be kept. While Telegram is, or asks for a pause, it is waited for.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.core.broadcast import KIND, Plan, Progress, random_ids
from telpher.core.model import MessageRef
from telpher.core.records import Job, JobState, Lease
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    NotFoundError,
    RecipientLostError,
    ReferenceExpiredError,
    RequestRejectedError,
    StorageError,
    TelegramError,
    TelegramUnavailableError,
)
from telpher.storage.base import Database
from telpher.telegram.chats import Post, PostGateway
from telpher.telegram.timing import Backoff, Sleep

# Users of one group, all sent to at once: enough to keep the pace when an answer takes 300 ms.
GROUP: Final = 8

# Seconds. A lease is renewed when half of the time is over for which it is trusted; what is left to
# its end is for an answer of the database that takes long. Whose process is gone is followed after
# LEASE + LOOK_EVERY at most.
LEASE: Final = 6.0
TRUSTED: Final = 4.0
CHECKPOINT_EVERY: Final = 1.0

# Seconds between two looks for broadcasts that somebody else began or left.
LOOK_EVERY: Final = 2.0

# Somebody's refusal is theirs; when everybody of the first so many refuses, the message is wrong.
HOPELESS: Final = 50

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Told = Callable[[Job, Progress], Awaitable[None]]


class _Outcome(Enum):
    """What became of one send."""

    SENT = 1
    BLOCKED = 2
    FAILED = 3


class PerSecond:
    """Turns at an even pace, however many ask; made up for are at most a second's worth."""

    def __init__(self, rate: float, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self.sleep = sleep
        self._clock = clock
        self._gap = 1.0 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        now = self._clock.monotonic()
        mine = max(self._next, now - 1.0)
        self._next = mine + self._gap
        if mine > now:
            await self.sleep(mine - now)


@dataclass(slots=True)
class _Work:
    """A broadcast that this process is at, under a lease that is trusted until `trusted`."""

    job: Job
    lease: Lease
    trusted: float
    progress: Progress
    post: Post
    blocked: set[int] = field(default_factory=set)


class Broadcasts:
    """See the module. `holder` names this process among all that share the database; `told` shows
    how far a broadcast is, and must not fail."""

    def __init__(
        self,
        database: Database,
        posts: PostGateway,
        clock: Clock,
        holder: str,
        pace: PerSecond,
        told: Told,
    ) -> None:
        self._database = database
        self._posts = posts
        self._clock = clock
        self._holder = holder
        self._pace = pace
        self._told = told
        self._sleep = pace.sleep
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is a new broadcast, or one is to be cancelled."""
        self._news.set()

    async def run(self) -> None:
        """Works on broadcasts until cancelled. Raises StorageError: then it is to be called again,
        and goes on where the last checkpoint was."""
        while True:
            self._news.clear()
            for job in await self._database.jobs.unfinished(KIND):
                await self._attend(job)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._news.wait()

    async def _attend(self, job: Job) -> None:
        """Works on a broadcast to its end, unless somebody else does."""
        began = self._clock.monotonic()
        lease = await self._database.leases.acquire(f"job {job.job_id}", self._holder, LEASE)
        if lease is None:
            return
        try:
            await self._work_on(job, lease, began + TRUSTED)
        except asyncio.CancelledError:
            # The next process goes on at once instead of when the lease has run out.
            with suppress(StorageError):
                await self._database.leases.release(lease)
            raise

    async def _work_on(self, job: Job, lease: Lease, trusted: float) -> None:
        progress = Progress.load(job.progress)
        try:
            post = await self._load(Plan.load(job.plan).source)
        except (NotFoundError, RequestRejectedError) as error:
            progress.reason = str(error)
            await self._end(job, lease, progress, JobState.FAILED)
            return
        work = _Work(job, lease, trusted, progress, post)
        if not progress.total:
            progress.total = (await self._database.users.counts(self._clock.now())).reachable
        _log.info("a broadcast goes on", job=job.job_id, done=progress.done, total=progress.total)
        state = await self._send_all(work)
        if state is not None:
            await self._end(job, lease, progress, state)

    async def _send_all(self, work: _Work) -> JobState | None:
        """Sends group after group; how it ended, None when somebody else has it now."""
        while True:
            state = await self._checkpoint(work)
            if state is not JobState.RUNNING:
                return state
            checked = self._clock.monotonic()
            while self._clock.monotonic() - checked < CHECKPOINT_EVERY:
                group = await self._database.users.audience(work.progress.after, GROUP)
                if not group:
                    return await self._last(work)
                await self._send_to(work, group)
                if work.progress.reason:
                    return await self._last(work, JobState.FAILED)

    async def _send_to(self, work: _Work, group: Sequence[int]) -> None:
        """Sends to a few at once. What counts is counted when all are dealt with: until then a
        crash sends to all of them again, and nobody sees it."""
        async with asyncio.TaskGroup() as tasks:
            sends = [tasks.create_task(self._send(work, each)) for each in group]
        for user_id, outcome in zip(group, (each.result() for each in sends), strict=True):
            match outcome:
                case _Outcome.SENT:
                    work.progress.sent += 1
                case _Outcome.BLOCKED:
                    work.progress.blocked += 1
                    work.blocked.add(user_id)
                case _Outcome.FAILED:
                    work.progress.failed += 1
        work.progress.after = group[-1]
        if work.progress.failed >= HOPELESS and not work.progress.sent:
            work.progress.reason = "Telegram refuses the message"

    async def _send(self, work: _Work, user_id: int) -> _Outcome:
        """Sends to one, as often as it takes."""
        backoff = Backoff(1.0, 15.0)
        while True:
            await self._pace.turn()
            await self._keep(work)
            post = work.post
            try:
                numbers = random_ids(work.job.job_id, user_id, post.source)
                await self._posts.send_post(user_id, post, numbers)
            except RecipientLostError:
                return _Outcome.BLOCKED
            except ReferenceExpiredError:
                await self._renew(work, post)
                continue
            except FloodWaitError as error:
                pause = float(error.seconds)
            except (TelegramUnavailableError, ChunkTimeoutError):
                pause = backoff.next()
            except TelegramError as error:
                _log.warning("a broadcast was refused", user_id=user_id, problem=str(error))
                return _Outcome.FAILED
            else:
                return _Outcome.SENT
            await self._wait(work, pause)

    async def _wait(self, work: _Work, seconds: float) -> None:
        """A pause in pieces short enough for the lease to be kept meanwhile."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            await self._sleep(min(left, TRUSTED / 4))
            await self._keep(work)

    async def _renew(self, work: _Work, old: Post) -> None:
        """Loads the post anew, once for all that found it expired."""
        if work.post is old:
            work.post = await self._load(old.source)

    async def _load(self, source: Sequence[MessageRef]) -> Post:
        backoff = Backoff(1.0, 15.0)
        while True:
            try:
                return await self._posts.load_post(source)
            except FloodWaitError as error:
                await self._sleep(error.seconds)
            except (TelegramUnavailableError, ChunkTimeoutError):
                await self._sleep(backoff.next())

    async def _keep(self, work: _Work) -> None:
        """Sees to it that the lease holds, now. Raises StorageError when it does not any more."""
        now = self._clock.monotonic()
        if now < work.trusted - TRUSTED / 2:
            return
        if not await self._database.leases.renew(work.lease, LEASE):
            raise StorageError("somebody else works on the broadcast")
        work.trusted = now + TRUSTED

    async def _checkpoint(self, work: _Work) -> JobState | None:
        """Keeps how far it is; RUNNING to go on, CANCELLED, or None when it is no longer ours."""
        await self._mark_blocked(work)
        await self._keep(work)
        job = await self._database.jobs.get(work.job.job_id)
        if job is None or not await self._note(work, JobState.RUNNING):
            return None
        if job.cancel:
            return JobState.CANCELLED
        await self._told(dataclasses.replace(job, state=JobState.RUNNING), work.progress)
        return JobState.RUNNING

    async def _last(self, work: _Work, state: JobState = JobState.DONE) -> JobState:
        await self._mark_blocked(work)
        return state

    async def _mark_blocked(self, work: _Work) -> None:
        if work.blocked:
            await self._database.users.set_blocked(work.blocked, True)
            work.blocked.clear()

    async def _note(self, work: _Work, state: JobState) -> bool:
        progress = work.progress.dump()
        return await self._database.jobs.note(work.job.job_id, work.lease.fence, state, progress)

    async def _end(self, job: Job, lease: Lease, progress: Progress, state: JobState) -> None:
        if not await self._database.jobs.note(job.job_id, lease.fence, state, progress.dump()):
            return  # frozen for so long that somebody else has ended it
        await self._database.leases.release(lease)
        _log.info("a broadcast has ended", job=job.job_id, state=state.value, sent=progress.sent)
        await self._told(dataclasses.replace(job, state=state), progress)
