"""Jobs that end, fail, and are stopped."""

from __future__ import annotations

import asyncio

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.errors import FloodWaitError, StorageError, TelegramUnavailableError
from telpher.jobs.runner import MOST_PAUSE, Runner
from tests.jobs.fakes import Sleeps


class Job:
    """Fails with each of `failures` in turn, then ends; takes `seconds` each time."""

    def __init__(self, *failures: BaseException, clock=None, seconds: float = 0) -> None:
        self.failures = list(failures)
        self.clock, self.seconds = clock, seconds
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        await asyncio.sleep(0)
        if self.clock:
            self.clock.advance(self.seconds)
        if self.failures:
            raise self.failures.pop(0)


async def run(job: Job, clock: FakeClock | None = None) -> Sleeps:
    """Runs the job to its end; the pauses between its beginnings."""
    sleeps = Sleeps()
    async with asyncio.TaskGroup() as tasks:
        Runner(tasks, clock or FakeClock(), sleeps).start("job", job)
    return sleeps


async def test_a_job_that_ends_is_not_begun_again():
    job = Job()
    assert await run(job) == []
    assert job.runs == 1


async def test_a_job_that_fails_begins_again_after_longer_and_longer_pauses():
    job = Job(*[StorageError("disk full")] * 9)
    with capture_logs(processors=[merge_contextvars]) as logs:
        assert await run(job) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert job.runs == 10
    assert logs[0]["job"] == "job"
    assert "disk full" in logs[0]["problem"]


async def test_errors_of_a_jobs_own_task_group_count_as_one():
    group = ExceptionGroup("", [ExceptionGroup("", [StorageError("a")]), StorageError("b")])
    assert await run(Job(group)) == [1]


async def test_the_pause_is_at_least_what_the_error_asks_for():
    assert await run(Job(FloodWaitError(100), TelegramUnavailableError())) == [100, 5]


async def test_after_a_good_while_the_next_failure_is_a_first_one():
    clock = FakeClock()
    job = Job(*[StorageError("")] * 3, clock=clock, seconds=MOST_PAUSE)
    assert await run(job, clock) == [1, 1, 1]


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError(), ExceptionGroup("", [StorageError(""), ZeroDivisionError()])]
)
async def test_a_bug_takes_the_owner_down(bug: Exception):
    job = Job(bug)
    with pytest.raises(ExceptionGroup) as caught:
        await run(job)
    assert caught.group_contains(ZeroDivisionError)
    assert job.runs == 1


async def test_stopping_waits_for_the_end_of_what_runs():
    ended = []

    async def last_words() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("well")

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        runner = Runner(tasks, FakeClock())
        await runner.stop()
        runner.start("endless", last_words)
        runner.start("failing", Job(FloodWaitError(3600)))
        for _ in range(5):
            await asyncio.sleep(0)
        await runner.stop()
        assert ended == ["well"]


async def test_it_knows_which_jobs_run_and_how_often_each_failed():
    ended = asyncio.Event()

    async def lasts() -> None:
        await ended.wait()

    async with asyncio.TaskGroup() as tasks:
        runner = Runner(tasks, FakeClock(), Sleeps())
        runner.start("lasts", lasts)
        runner.start("fails", Job(StorageError("one"), StorageError("two")))
        assert runner.running() == {"lasts": True, "fails": True}
        while runner.running()["fails"]:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0)
        assert runner.running() == {"lasts": True, "fails": False}
        assert runner.failures == {"lasts": 0, "fails": 2}
        ended.set()
    assert runner.running() == {"lasts": False, "fails": False}
