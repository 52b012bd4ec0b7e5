from __future__ import annotations

import asyncio

import pytest

from telpher.errors import ChunkTimeoutError, FloodWaitError, TelegramError
from telpher.telegram.race import race

AT_ONCE, NEVER = 0.0, 3600.0


class Runner:
    """One attempt, which does what it is told."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False
        self._told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self) -> str:
        self.begun.set()
        try:
            return await self._told
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def answer(self, text: str) -> None:
        self._told.set_result(text)

    def fail(self, error: TelegramError) -> None:
        self._told.set_exception(error)


@pytest.fixture
async def first():
    return Runner()


@pytest.fixture
async def second():
    return Runner()


@pytest.fixture
async def begin(first, second):
    """A race in which both are under way."""
    tasks = []

    async def begin() -> asyncio.Task[tuple[str, bool]]:
        tasks.append(asyncio.create_task(race(first.run, AT_ONCE, second.run)))
        await second.begun.wait()
        return tasks[0]

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def unasked() -> None:
    raise AssertionError("nothing was late")


async def test_one_in_time_has_no_rival_and_no_task_but_its_callers(first):
    running = asyncio.create_task(race(first.run, NEVER, unasked))
    await first.begun.wait()
    assert asyncio.all_tasks() == {running, asyncio.current_task()}
    first.answer("here")
    assert await running == ("here", False)


async def test_an_error_in_time_is_raised_as_it_is(first):
    error = FloodWaitError(3)
    first.fail(error)
    with pytest.raises(FloodWaitError) as caught:
        await race(first.run, NEVER, unasked)
    assert caught.value is error


async def test_the_first_answer_counts_and_the_second_is_cancelled(begin, first, second):
    running = await begin()
    first.answer("first")
    assert await running == ("first", False)
    assert second.cancelled


async def test_the_second_may_be_quicker(begin, first, second):
    running = await begin()
    second.answer("second")
    assert await running == ("second", True)
    assert first.cancelled


async def test_both_at_the_same_instant(begin, first, second):
    running = await begin()
    first.answer("first")
    second.answer("second")
    assert (await running)[0] in ("first", "second")


@pytest.mark.parametrize("failing", ["first", "second"])
async def test_one_that_fails_leaves_the_race_to_the_other(begin, first, second, failing):
    running = await begin()
    bad, good = (first, second) if failing == "first" else (second, first)
    bad.fail(ChunkTimeoutError("late"))
    for _ in range(5):
        await asyncio.sleep(0)
    good.answer("good")
    assert await running == ("good", good is second)


@pytest.mark.parametrize("last", ["first", "second"])
async def test_the_last_error_is_raised(begin, first, second, last):
    running = await begin()
    sooner, later = (second, first) if last == "first" else (first, second)
    sooner.fail(FloodWaitError(1))
    for _ in range(5):
        await asyncio.sleep(0)
    later.fail(ChunkTimeoutError("last"))
    with pytest.raises(ChunkTimeoutError):
        await running


async def test_the_second_is_made_again_until_it_is_one(first, second):
    times = []

    async def sooner_or_later() -> str | None:
        times.append(None)
        return None if len(times) < 3 else await second.run()

    running = asyncio.create_task(race(first.run, AT_ONCE, sooner_or_later))
    await second.begun.wait()
    second.answer("second")
    assert await running == ("second", True)
    assert len(times) == 3


async def test_the_first_fails_while_the_second_turns_out_to_be_none(first):
    error = ChunkTimeoutError("late")

    async def none() -> None:
        first.fail(error)
        for _ in range(5):
            await asyncio.sleep(0)

    with pytest.raises(ChunkTimeoutError) as caught:
        await race(first.run, AT_ONCE, none)
    assert caught.value is error


async def test_who_is_cancelled_from_outside_takes_both_along(begin, first, second):
    running = await begin()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert first.cancelled
    assert second.cancelled


async def test_a_bug_in_the_second_is_not_hidden(begin, second):
    running = await begin()
    second.fail(ZeroDivisionError())
    with pytest.raises(ExceptionGroup) as caught:
        await running
    assert caught.value.subgroup(ZeroDivisionError)
