"""Jobs: what runs beside the answering of people, for as long as telpher does.

    ends by itself       it is done
    fails (TelpherError) Telegram, disk or database are in trouble: it is logged, and the job begins
                         again after a pause
    a bug                goes through the task group and takes the process down, visibly

A job keeps what it must not lose where a new beginning finds it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

from telpher.clock import Clock
from telpher.errors import TelegramError, TelpherError
from telpher.telegram.timing import Backoff, Sleep

Job = Callable[[], Awaitable[None]]

# Seconds between two beginnings of a job that keeps failing. A job that ran for as long as the
# longest pause was well: its next failure is a first one again.
FIRST_PAUSE = 1.0
MOST_PAUSE = 60.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Runner:
    """Runs jobs in `tasks`, which belongs to whoever made it."""

    def __init__(
        self, tasks: asyncio.TaskGroup, clock: Clock, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._group = tasks
        self._clock = clock
        self._sleep = sleep
        self._running: dict[asyncio.Task[None], str] = {}
        self.failures: Counter[str] = Counter()
        """How often each job failed, since it was first started."""

    def start(self, name: str, job: Job) -> None:
        """Has `job` run until it ends by itself or `stop` is called; `name` is for the log."""
        self.failures[name] += 0
        task = self._group.create_task(self._supervise(name, job), name=name)
        self._running[task] = name
        task.add_done_callback(self._ended)

    def running(self) -> dict[str, bool]:
        """Whether it runs, of each job that was ever started."""
        now = set(self._running.values())
        return {name: name in now for name in self.failures}

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]

    async def stop(self) -> None:
        """Cancels what is running, and waits for its end."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _supervise(self, name: str, job: Job) -> None:
        # Under every entry of the job, and of what it starts.
        structlog.contextvars.bind_contextvars(job=name)
        backoff = Backoff(FIRST_PAUSE, MOST_PAUSE)
        while True:
            began = self._clock.monotonic()
            try:
                await job()
                return
            # A job may hold a task group of its own: then its errors come in a group.
            except* TelpherError as group:
                error = _first(group)
            if self._clock.monotonic() - began >= MOST_PAUSE:
                backoff.reset()
            self.failures[name] += 1
            told = (isinstance(error, TelegramError) and error.retry_after) or 0
            pause = max(backoff.next(), told)
            problem = f"{type(error).__name__}: {error}"
            _log.warning("a job failed and begins again", problem=problem, pause=pause)
            await self._sleep(pause)


def _first(group: BaseExceptionGroup[TelpherError]) -> TelpherError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
