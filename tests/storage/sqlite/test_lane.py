"""Jobs in their thread, and callers who do not wait for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from telpher.errors import StorageError
from telpher.storage.sqlite.lane import Lane

# Seconds; the jobs below end when they are told to, not by time.
SOON = 0.02
LATE = 60.0


def nothing() -> None:
    """An interruption that nobody feels, or a lane's last job."""


@asynccontextmanager
async def lane(
    patience: float | None, interrupt: Callable[[], None] = nothing
) -> AsyncIterator[Lane]:
    each = Lane("n", patience, interrupt)
    try:
        yield each
    finally:
        await each.close(nothing)


async def well(each: Lane) -> None:
    """Until it takes jobs again."""
    async with asyncio.timeout(LATE):
        while True:
            try:
                return await each.run(nothing)
            except StorageError:
                await asyncio.sleep(0)


async def test_a_job_runs_in_a_thread_of_its_own():
    async with lane(None) as each:
        assert await each.run(threading.get_ident) == await each.run(threading.get_ident)
        assert await each.run(threading.get_ident) != threading.get_ident()


async def test_what_a_job_raises_is_raised():
    async with lane(LATE) as each:
        with pytest.raises(ZeroDivisionError):
            await each.run(lambda: 1 // 0)


async def test_jobs_are_done_one_after_the_other():
    done: list[int] = []
    async with lane(None) as each:
        await asyncio.gather(*(each.run(lambda n=n: done.append(n)) for n in range(50)))
    assert done == list(range(50))


async def test_who_waits_too_long_is_told_and_whoever_comes_then_at_once():
    go_on = threading.Event()
    interrupted = threading.Event()
    async with lane(SOON, interrupted.set) as each:
        with pytest.raises(StorageError, match="did not answer"):
            await each.run(go_on.wait)
        assert interrupted.is_set()
        with pytest.raises(StorageError, match="busy"):
            await each.run(nothing)
        go_on.set()
        await well(each)


async def test_what_had_not_begun_never_does():
    go_on = threading.Event()
    done: list[int] = []
    async with lane(SOON) as each:
        calls = (each.run(go_on.wait), each.run(lambda: done.append(1)))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [StorageError] * 2
        go_on.set()
        await well(each)
    assert done == []


async def test_who_was_cancelled_leaves_the_lane_as_it_was():
    go_on = threading.Event()
    async with lane(LATE) as each:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(each.run(go_on.wait))
            await asyncio.sleep(0)
            task.cancel()
        go_on.set()
        assert await each.run(lambda: 7) == 7


async def test_a_closed_lane_refuses():
    async with lane(None) as each:
        pass
    await each.close(nothing)
    with pytest.raises(StorageError, match="closed"):
        await each.run(nothing)
