"""Jobs: what is to be done, how far it is, and who may say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.records import JobState
from tests.storage.contract.makers import NOW, job

OVER = [JobState.DONE, JobState.CANCELLED, JobState.FAILED]


def ids(jobs) -> list[str]:
    return [each.job_id for each in jobs]


async def test_a_job_comes_back_whole(database):
    assert await database.jobs.get("j1") is None
    whole = job(state=JobState.RUNNING, progress='{"sent": 3}', cancel=True, created=NOW + 0.5)
    await database.jobs.add(whole)
    assert await database.jobs.get("j1") == whole


async def test_one_that_is_there_already_is_left_as_it_is(database):
    await database.jobs.add(job())
    await database.jobs.add(job(plan='{"another": 1}', state=JobState.DONE))
    assert await database.jobs.get("j1") == job()


async def test_what_waits_or_runs_is_listed_oldest_first(database):
    for number, state in enumerate(JobState):
        await database.jobs.add(job(f"late {state}", NOW + 10 + number, state=state))
        await database.jobs.add(job(f"early {state}", NOW + number, state=state))
    await database.jobs.add(job("other", kind="batch"))
    expected = ["early waiting", "early running", "late waiting", "late running"]
    assert ids(await database.jobs.unfinished("broadcast")) == expected
    assert ids(await database.jobs.unfinished("batch")) == ["other"]
    assert await database.jobs.unfinished("unknown") == []


async def test_the_newest_are_listed_whatever_their_state(database):
    for number, state in enumerate(JobState):
        await database.jobs.add(job(f"j{number}", NOW + number, state=state))
    await database.jobs.add(job("other", NOW + 99, kind="batch"))
    assert ids(await database.jobs.recent("broadcast", 3)) == ["j4", "j3", "j2"]
    assert len(await database.jobs.recent("broadcast", 99)) == len(JobState)
    assert await database.jobs.recent("broadcast", 0) == []


async def test_of_equal_age_the_id_decides(database):
    for each in ("b", "c", "a"):
        await database.jobs.add(job(each))
    assert ids(await database.jobs.unfinished("broadcast")) == ["a", "b", "c"]
    assert ids(await database.jobs.recent("broadcast", 9)) == ["c", "b", "a"]


async def test_progress_is_noted(database):
    await database.jobs.add(job())
    assert await database.jobs.note("j1", 1, JobState.RUNNING, '{"sent": 1}')
    assert await database.jobs.note("j1", 1, JobState.RUNNING, '{"sent": 2}')
    expected = job(state=JobState.RUNNING, progress='{"sent": 2}')
    assert await database.jobs.get("j1") == expected
    assert not await database.jobs.note("unknown", 1, JobState.RUNNING, "{}")


async def test_who_was_superseded_cannot_note_anything(database):
    await database.jobs.add(job())
    assert await database.jobs.note("j1", 5, JobState.RUNNING, '{"sent": 5}')
    before = await database.jobs.get("j1")
    assert not await database.jobs.note("j1", 4, JobState.DONE, '{"sent": 4}')
    assert await database.jobs.get("j1") == before
    assert await database.jobs.note("j1", 6, JobState.RUNNING, '{"sent": 6}')


@pytest.mark.parametrize("state", OVER)
async def test_what_is_over_stays_so(database, state):
    await database.jobs.add(job())
    assert await database.jobs.note("j1", 1, state, '{"sent": 1}')
    assert not await database.jobs.note("j1", 2, JobState.RUNNING, '{"sent": 2}')
    assert not await database.jobs.cancel("j1")
    assert await database.jobs.get("j1") == job(state=state, progress='{"sent": 1}')
    assert await database.jobs.unfinished("broadcast") == []


async def test_an_end_is_asked_for(database):
    await database.jobs.add(job())
    assert await database.jobs.cancel("j1")
    assert await database.jobs.cancel("j1")
    assert not await database.jobs.cancel("unknown")
    assert await database.jobs.get("j1") == replace(job(), cancel=True)
    assert await database.jobs.note("j1", 1, JobState.CANCELLED, "{}")
    assert (await database.jobs.get("j1")).cancel
