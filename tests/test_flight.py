from __future__ import annotations

import asyncio

import pytest

from telpher.flight import Flight, SingleFlight


class Work:
    def __init__(self) -> None:
        self.runs = 0
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.started = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        self.started.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.runs


async def test_all_who_ask_at_once_share_one_run():
    async with asyncio.TaskGroup() as tasks:
        flights: SingleFlight[str, int] = SingleFlight(tasks)
        work = Work()
        waiters = [tasks.create_task(flights.join("a", work)) for _ in range(5)]
        await work.started.wait()
        work.gate.set()
        assert await asyncio.gather(*waiters) == [1] * 5
        assert await flights.join("a", work) == 2  # it has landed: the next one starts anew


async def test_the_last_to_leave_cancels_and_a_newcomer_starts_afresh():
    async with asyncio.TaskGroup() as tasks:
        flights: SingleFlight[str, int] = SingleFlight(tasks)
        work = Work()
        first, second = (tasks.create_task(flights.join("a", work)) for _ in range(2))
        await work.started.wait()
        first.cancel()
        await asyncio.wait([first])
        assert work.cancelled == 0
        second.cancel()
        await asyncio.wait([second])
        work.gate.set()
        assert await flights.join("a", work) == 2
        assert work.cancelled == 1


async def test_an_error_reaches_everyone_and_not_the_task_group():
    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError("no")

    async with asyncio.TaskGroup() as tasks:
        flights: SingleFlight[str, int] = SingleFlight(tasks)
        results = await asyncio.gather(
            *(flights.join("a", fail) for _ in range(3)), return_exceptions=True
        )
        assert [type(result) for result in results] == [LookupError] * 3


async def test_abandoned_before_its_first_step():
    ended = []
    async with asyncio.TaskGroup() as tasks:
        work = Work()
        flight = Flight(tasks, work(), lambda: ended.append(True), name="work")
        flight.release()
        assert ended == [True]
    assert work.runs == 0


async def test_closing_the_owner_cancels_those_who_wait():
    work = Work()

    async def own() -> None:
        async with asyncio.TaskGroup() as tasks:
            flights: SingleFlight[str, int] = SingleFlight(tasks)
            tasks.create_task(flights.join("a", work))
            await work.started.wait()
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await own()
    assert work.cancelled == 1
