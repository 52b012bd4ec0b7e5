import asyncio
import contextlib

import pytest

from telpher.core.broadcast import KIND, Plan, Progress
from telpher.core.model import MessageRef, Person
from telpher.core.records import Job, JobState
from telpher.service.people import Access
from tests.bot.stage import BOB, FILM, stage

ADMIN = Person(1, "Admin", language_code="en")
OTHER = Person(2, "Other", language_code="de")


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path, access=Access(admins={1, 2})) as each:
        for person in (ADMIN, OTHER, BOB):
            await each.say("hello", person)
        await each.notes.flush()
        yield each


async def offered(home, person=ADMIN, **message):
    """The question after the preview of a message."""
    await home.say("/broadcast", person)
    ref = MessageRef(person.user_id, 500)
    home.posts.there.add(ref)
    return await home.say(message.pop("text", "News!"), person, ref=ref, **message)


async def work(home):
    """Has the broadcast that was begun come to its end."""
    told, ended = home.bot.broadcasts._told, asyncio.Event()

    async def telling(job, progress):
        await told(job, progress)
        if job.state is JobState.DONE:
            ended.set()

    home.bot.broadcasts._told = telling
    task = asyncio.ensure_future(home.bot.broadcasts.run())
    async with asyncio.timeout(20):
        await ended.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_message_is_asked_for_shown_confirmed_and_sent(home):
    assert "Send me the message" in (await home.say("/broadcast", ADMIN)).text
    ref = MessageRef(1, 500)
    home.posts.there.add(ref)
    question = await home.say("News!", ADMIN, ref=ref)
    assert "goes to 3 people" in question.text
    assert home.posts.received == {1: [ref]}, "the preview"
    begun = await home.press(question, "Send", ADMIN)
    assert "begins" in begun.text
    await work(home)
    assert home.posts.received == {1: [ref, ref], 2: [ref], 8: [ref]}
    assert "Sent: 3" in home.gateway.sent[-1].text
    assert "finished" in home.gateway.edited[-1].text


async def test_as_a_reply_it_is_that_message(home):
    ref = MessageRef(1, 44)
    home.posts.there.add(ref)
    question = await home.say("/broadcast", ADMIN, reply_to=44)
    await home.press(question, "Send", ADMIN)
    await work(home)
    assert home.posts.received[8] == [ref]


async def test_a_video_is_broadcast_and_not_answered_with_a_link(home):
    question = await offered(home, file=FILM, text="")
    assert "people" in question.text
    assert "/stream/" not in question.text


async def test_send_pressed_twice_begins_one(home):
    question = await offered(home)
    await asyncio.gather(*(home.press(question, "Send", ADMIN) for _ in range(2)))
    assert len(await home.database.jobs.recent(KIND, 10)) == 1


async def test_an_older_preview_does_nothing(home):
    old = await offered(home)
    home.posts.there.add(MessageRef(1, 501))
    new = await home.say("Better news!", ADMIN, ref=MessageRef(1, 501))
    await home.press(old, "Send to all", ADMIN)
    assert "no longer does anything" in home.note
    assert "Nothing was sent" in (await home.press(new, "Do not", ADMIN)).text
    await home.press(new, "Send to all", ADMIN)
    assert await home.database.jobs.recent(KIND, 10) == []


async def test_two_admins_do_not_disturb_each_other(home):
    one, other = await offered(home), await offered(home, OTHER)
    await home.press(one, "Send", OTHER)
    assert "tut nichts mehr" in home.note
    await home.press(one, "Send", ADMIN)
    assert len(await home.database.jobs.recent(KIND, 10)) == 1
    assert await home.press(other, "An alle", OTHER)


async def test_nobody_else_may(home):
    assert "for the admins" in (await home.say("/broadcast", BOB)).text
    question = await offered(home)
    await home.press(question, "Send", BOB)
    assert "admins" in home.note
    assert await home.database.jobs.recent(KIND, 10) == []


async def test_cancel_ends_the_conversation(home):
    question = await offered(home)
    assert "Stopped" in (await home.say("/cancel", ADMIN)).text
    await home.press(question, "Send", ADMIN)
    assert await home.database.jobs.recent(KIND, 10) == []
    assert "/stream/" in (await home.say(file=FILM, person=ADMIN)).text


async def test_a_conversation_is_over_after_ten_minutes(home):
    await home.say("/broadcast", ADMIN)
    home.clock.advance(601)
    assert "Send or forward me a file" in (await home.say("News!", ADMIN)).text


async def test_what_cannot_be_sent_on_is_said_so(home):
    await home.say("/broadcast", ADMIN)
    assert "cannot be sent on" in (await home.say("gone meanwhile", ADMIN)).text


async def test_it_is_stopped_from_its_own_message(home):
    job = Job("b1", KIND, 1, 0, JobState.RUNNING, Plan([], MessageRef(1, 1), "en").dump())
    await home.database.jobs.add(job)
    await home.press_data(b"bstop:b1", ADMIN)
    assert "Stopping" in home.note
    assert (await home.database.jobs.get("b1")).cancel
    await home.press_data(b"bstop:unknown", ADMIN)
    assert "no longer" in home.note


@pytest.mark.parametrize("data", [b"bsend:", b"bsend:x", b"bdrop", b"bstop:\xff"])
async def test_forged_presses_do_nothing(home, data):
    assert await home.press_data(data, ADMIN) is None
    assert home.note


async def test_with_the_database_away_it_is_said_so(home):
    question = await offered(home)
    await home.away()
    await home.press(question, "Send", ADMIN)
    assert "does not answer" in home.note
    assert "does not answer" in (await home.say("/broadcast", ADMIN)).text


@pytest.mark.parametrize("state", list(JobState))
async def test_every_state_can_be_told(home, state):
    job = Job("b1", KIND, 1, 0, state, Plan([], MessageRef(1, 77), "de").dump())
    await home.bot.broadcasts._told(job, Progress(10, 5, 3, 1, 1, "<b>"))
    assert home.gateway.edited[-1].ref == MessageRef(1, 77)


async def test_what_comes_again_after_a_crash_is_no_other_broadcast(home):
    question = await offered(home)
    await home.press(question, "Send", ADMIN)
    await home.say("/broadcast", ADMIN)
    assert await home.say("News!", ADMIN, ref=MessageRef(1, 500)) is None
    assert len(home.posts.received[1]) == 1, "no second preview"
    assert "/stream/" in (await home.say(file=FILM, person=ADMIN)).text
    assert len(await home.database.jobs.recent(KIND, 10)) == 1
