"""Broadcasts and errors."""

from __future__ import annotations

import pytest

from telpher.core.broadcast import Plan, Progress
from telpher.core.model import MessageRef
from telpher.core.records import JobState
from telpher.core.tally import ErrorShown
from telpher.observe.diagnosis.entry import Entry
from telpher.observe.troubles import Sighting

PLAN = Plan([MessageRef(99, 1)], MessageRef(99, 2))


async def begun(home, job_id: str = "abc", **progress: int):
    """A broadcast that is that far."""
    await home.broadcasts.begin(job_id, 99, PLAN)
    lease = await home.database.leases.acquire(f"job {job_id}", "here", 60)
    done = Progress(**progress).dump()
    assert await home.database.jobs.note(job_id, lease.fence, JobState.RUNNING, done)


async def test_a_broadcast_is_shown_with_how_far_it_is(home):
    await home.enter()
    await begun(home, total=2000, sent=1200, blocked=30, failed=4)
    for path in ("/dashboard/broadcasts", "/dashboard"):
        page = (await home.get(path)).text
        assert "1\u202f234 of 2\u202f000" in page
        assert '<progress max="2000" value="1234"' in page
    assert "30 have blocked the bot" in (await home.get("/dashboard/broadcasts")).text


async def test_a_broadcast_is_cancelled(home):
    await home.enter()
    form = await home.form()
    await begun(home)
    home.woken.clear()
    answer = await home.post(
        "/dashboard/broadcasts/abc/cancel", form=form, back="dashboard/broadcasts"
    )
    assert answer.headers["location"].endswith("dashboard/broadcasts?done=cancelled")
    assert (await home.database.jobs.get("abc")).cancel
    assert home.woken, "whoever works on it hears of it at once"
    assert "It is being stopped" in (await home.get("/dashboard/broadcasts")).text
    again = await home.post("/dashboard/broadcasts/nothing/cancel", form=form)
    assert again.headers["location"].endswith("done=over")


@pytest.fixture
def full() -> Entry:
    return Entry(
        "disk-full", "The disk is full", "Nothing can be written.", "Make room.", "disk", ()
    )


async def test_errors_are_shown_with_their_diagnosis(home, full):
    await home.enter()
    now = home.world.clock.now()
    for _ in range(3):
        home.troubles.note(Sighting("no space <left>", "telpher.storage", "ERROR", now, full))
    home.troubles.note(Sighting("odd thing", "telpher.web", "WARNING", now))
    page = (await home.get("/dashboard/errors")).text
    for wanted in (
        "The disk is full",
        "Nothing can be written.",
        "Make room.",
        "3 \u00d7",
        "odd thing",
    ):
        assert wanted in page
    assert "no space &lt;left&gt;" in page
    assert "Make room." in (await home.get("/dashboard")).text
    [odd, _] = home.troubles.recent()
    home.troubles.guess(odd.key, "Perhaps it is the weather.")
    assert "machine's guess:</b> Perhaps" in (await home.get("/dashboard/errors")).text


async def test_what_people_were_told_is_counted_by_its_name(home):
    await home.enter()
    now = home.world.clock.now()
    for key in ("storage", "telegram", "telegram"):
        home.notes.note(ErrorShown(key, now))
    await home.notes.flush()
    page = (await home.get("/dashboard/errors")).text
    assert page.index("<code>telegram</code>") < page.index("<code>storage</code>")
    assert "Telegram did not deliver the file." in page


async def test_with_the_database_away_errors_are_still_shown(home):
    await home.enter()
    home.troubles.note(Sighting("odd thing", "telpher.web", "ERROR", home.world.clock.now()))
    await home.away()
    page = await home.get("/dashboard/errors")
    assert page.status_code == 200
    assert "odd thing" in page.text
    assert "The database does not answer" in page.text
