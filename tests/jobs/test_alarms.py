"""Troubles are told to people: each once in ten minutes, counted, with a guess if need be."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import pytest

from telpher.clock import FakeClock
from telpher.jobs.alarms import AGAIN, Alarms
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.question import Questions
from telpher.observe.troubles import Sighting, Troubles
from tests.jobs.fakes import PATIENCE, until

CATALOGUE = Catalogue.shipped()


class Adviser:
    """Says what it thinks once it is let; at most `budget` times."""

    def __init__(self, guess="the moon", budget=99):
        self.guess, self.budget = guess, budget
        self.gate = asyncio.Event()
        self.asked = []

    @property
    def may_ask(self):
        return len(self.asked) < self.budget

    async def ask(self, messages):
        self.asked.append(messages)
        await self.gate.wait()
        return self.guess


@dataclass
class Desk:
    """Alarms at work, and what they told: (summary, times, guess)."""

    troubles: Troubles
    clock: FakeClock
    told: list = field(default_factory=list)

    def note(self, summary="it broke", **more):
        self.troubles.note(Sighting(summary=summary, where="telpher", level="error", at=1, **more))

    async def tells(self, *expected):
        async with asyncio.timeout(PATIENCE):
            await until(lambda: len(self.told) >= len(expected))
        assert self.told == list(expected)


@contextlib.asynccontextmanager
async def at_work(adviser=None):
    desk = Desk(Troubles(), FakeClock())

    def report(trouble, times):
        desk.told.append((trouble.summary, times, trouble.guess))

    questions = Questions(CATALOGUE) if adviser else None
    alarms = Alarms(desk.troubles, report, desk.clock, questions, adviser)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(alarms.run())
        await asyncio.sleep(0)
        yield desk
        task.cancel()


async def test_a_trouble_is_told_once_in_ten_minutes_with_a_count():
    async with at_work() as desk:
        for _ in range(5):
            desk.note()
        await desk.tells(("it broke", 5, None))
        desk.note()
        desk.note("another")
        await desk.tells(("it broke", 5, None), ("another", 1, None))
        desk.clock.advance(AGAIN)
        desk.note()
        await desk.tells(("it broke", 5, None), ("another", 1, None), ("it broke", 2, None))


async def test_what_went_wrong_before_it_began_is_told_too():
    desk = Desk(Troubles(), FakeClock())
    desk.note()
    alarms = Alarms(desk.troubles, lambda *told: desk.told.append(told), desk.clock)
    task = asyncio.create_task(alarms.run())
    async with asyncio.timeout(PATIENCE):
        await until(lambda: bool(desk.told))
    task.cancel()
    await asyncio.wait([task])
    desk.note()  # nobody follows any more: this must not fail
    assert desk.troubles._followers == []


async def test_what_befalls_the_reporting_is_not_reported():
    async with at_work() as desk:
        desk.note("cannot report", quiet=True)
        desk.note("told")
        await desk.tells(("told", 1, None))


async def test_sightings_from_other_threads_are_told():
    async with at_work() as desk:
        await asyncio.to_thread(desk.note)
        await desk.tells(("it broke", 1, None))


async def test_a_riddle_is_put_to_the_service_once_and_told_with_its_guess():
    adviser = Adviser()
    async with at_work(adviser) as desk:
        desk.note("riddle")
        desk.note("riddle")
        desk.note("known", diagnosis=next(iter(CATALOGUE)))
        # Whoever waits for a guess holds up no other.
        await desk.tells(("known", 1, None))
        adviser.gate.set()
        await desk.tells(("known", 1, None), ("riddle", 2, "the moon"))
        assert {each.guess for each in desk.troubles.recent()} == {None, "the moon"}
        desk.clock.advance(AGAIN)
        desk.note("riddle")
        await desk.tells(("known", 1, None), ("riddle", 2, "the moon"), ("riddle", 1, "the moon"))
        assert len(adviser.asked) == 1


@pytest.mark.parametrize("guess", [None, ""])
async def test_without_an_answer_it_is_told_without(guess):
    adviser = Adviser(guess)
    adviser.gate.set()
    async with at_work(adviser) as desk:
        desk.note("riddle")
        await desk.tells(("riddle", 1, guess))


async def test_what_is_more_than_the_budget_or_the_patience_is_told_at_once():
    adviser = Adviser(budget=1)
    async with at_work(adviser) as desk:
        desk.note("one riddle")
        async with asyncio.timeout(PATIENCE):
            await until(lambda: len(adviser.asked) == 1)
        desk.note("another riddle")
        await desk.tells(("another riddle", 1, None))
        adviser.gate.set()
        await desk.tells(("another riddle", 1, None), ("one riddle", 1, "the moon"))
