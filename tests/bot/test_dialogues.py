"""Where conversations stand, on a real database."""

import pytest

from telpher.bot.dialogues import LIFETIME, Dialogues
from telpher.clock import FakeClock
from telpher.core.model import MessageRef, Person
from telpher.service.people import Access
from telpher.storage.sqlite import SqliteDatabase
from tests.bot.stage import stage

ADMIN = Person(1, "Admin", language_code="en")


@pytest.fixture
async def dialogues(tmp_path):
    clock = FakeClock()
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database:
        yield Dialogues(database.dialogues, clock), clock


async def test_each_person_has_one_of_their_own(dialogues):
    talks, _ = dialogues
    await talks.go_on(1, "first", name="<b>", ids=[1, 2])
    await talks.go_on(2, "other")
    await talks.go_on(1, "second", count=3)
    standing = await talks.of(1)
    assert (standing.step, standing.data) == ("second", {"count": 3})
    assert (await talks.of(2)).step == "other"
    assert await talks.of(3) is None


async def test_it_ends_when_it_is_ended_or_nobody_goes_on(dialogues):
    talks, clock = dialogues
    await talks.go_on(1, "first")
    assert await talks.end(1)
    assert not await talks.end(1)
    assert await talks.of(1) is None
    await talks.go_on(1, "first")
    clock.advance(LIFETIME - 1)
    assert await talks.of(1)
    clock.advance(1)
    assert await talks.of(1) is None


async def test_a_restart_in_the_middle_of_one_goes_on_where_it_stood(tmp_path):
    access = Access(admins={1})
    async with stage(tmp_path, access=access) as home:
        await home.say("/broadcast", ADMIN)
    async with stage(tmp_path, access=access) as home:
        home.number += 100
        news = MessageRef(1, 500)
        home.posts.there.add(news)
        question = await home.say("News!", ADMIN, ref=news)
        assert "goes to" in question.text
    async with stage(tmp_path, access=access) as home:
        home.number += 200
        begun = await home.press(question, "Send to all", ADMIN)
        assert "begins" in begun.text
        (job,) = await home.database.jobs.recent("broadcast", 5)
        assert str(news.message_id) in job.plan
