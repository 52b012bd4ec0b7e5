import asyncio
import contextlib

import pytest

from telpher.clock import FakeClock
from telpher.core.broadcast import KIND, Plan, Progress
from telpher.core.model import MessageRef, Person
from telpher.core.records import Job, JobState
from telpher.core.tally import PersonSeen, tally
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    RecipientLostError,
    ReferenceExpiredError,
    RequestRejectedError,
    StorageError,
    TelegramUnavailableError,
)
from telpher.jobs import broadcasts as module
from telpher.jobs.broadcasts import Broadcasts, PerSecond
from telpher.storage.sqlite import SqliteDatabase
from tests.telegram.fake_chats import FakePosts

SOURCE = MessageRef(1, 50)
STATUS = MessageRef(1, 51)
PEOPLE = range(10, 40)


class Killed(BaseException):
    """The process dies here, as far as this test goes."""


class Stage:
    """One database and one Telegram, and as many processes after another as are wanted."""

    def __init__(self, database, clock):
        self.database = database
        self.clock = clock
        self.posts = FakePosts(there={SOURCE})
        self.told = []
        self.slept = []
        self.ended = asyncio.Event()

    def process(self, holder="here", rate=1000.0):
        async def told(job, progress):
            self.told.append((job.state, Progress.load(progress.dump())))
            if job.state not in (JobState.WAITING, JobState.RUNNING):
                self.ended.set()

        pace = PerSecond(rate, self.clock, self._sleep)
        return Broadcasts(self.database, self.posts, self.clock, holder, pace, told)

    async def _sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def begin(self, job_id="b1"):
        plan = Plan([SOURCE], STATUS)
        await self.database.jobs.add(Job(job_id, KIND, 1, 0, JobState.WAITING, plan.dump()))

    async def run(self, process=None):
        """Runs a process until the broadcast has ended, or it dies."""
        task = asyncio.ensure_future((process or self.process()).run())
        ended = asyncio.ensure_future(self.ended.wait())
        try:
            async with asyncio.timeout(30):
                await asyncio.wait([task, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def job(self, job_id="b1"):
        return await self.database.jobs.get(job_id)

    async def progress(self):
        return Progress.load((await self.job()).progress)

    def received(self):
        return {user: len(messages) for user, messages in self.posts.received.items()}


@pytest.fixture
async def stage(tmp_path):
    clock = FakeClock()
    async with SqliteDatabase(tmp_path / "telpher.sqlite3", clock) as database:
        events = [PersonSeen(Person(each, "x"), 0) for each in PEOPLE]
        await database.ledger.apply("test", 1, tally(events))
        yield Stage(database, clock)


async def test_everybody_gets_it_once_and_the_end_is_told(stage):
    await stage.begin()
    await stage.run()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)
    state, progress = stage.told[-1]
    assert (state, progress.sent, progress.total) == (JobState.DONE, 30, 30)
    assert (await stage.job()).state is JobState.DONE


async def test_with_nobody_there_it_is_over_at_once(stage):
    for each in PEOPLE:
        await stage.database.users.set_banned(each, True, 0)
    await stage.begin()
    await stage.run()
    assert stage.told[-1][1].done == 0
    assert stage.received() == {}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("victim", [10, 17, 18, 25, 39])
async def test_killed_at_any_send_it_goes_on_and_nobody_gets_it_twice(stage, when, victim):
    await stage.begin()
    getattr(stage.posts, when)[victim] = [Killed()]
    with pytest.raises(BaseExceptionGroup):
        await stage.run()
    assert not stage.ended.is_set()
    before = await stage.progress()
    assert before.after < victim
    stage.posts.loads = 0
    await stage.run()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)
    assert (await stage.progress()).sent == 30
    assert stage.posts.loads == 1


async def test_killed_between_checkpoint_and_send_it_resumes_there(stage):
    await stage.begin()
    sent_at_checkpoints = []
    note = stage.database.jobs.note

    async def dying(job_id, fence, state, progress):
        done = await note(job_id, fence, state, progress)
        sent_at_checkpoints.append(Progress.load(progress).after)
        if len(sent_at_checkpoints) == 2:
            raise Killed
        return done

    stage.database.jobs.note = dying
    slow = stage.process(rate=5.0)
    with contextlib.suppress(Killed):
        await stage.run(slow)
    assert sent_at_checkpoints[1] > 0
    first = dict(stage.received())
    stage.database.jobs.note = note
    asked = []
    audience = stage.database.users.audience

    async def asking(after, limit):
        asked.append(after)
        return await audience(after, limit)

    stage.database.users.audience = asking
    await stage.run()
    assert asked[0] == sent_at_checkpoints[1], "resumed, not begun again"
    assert first.keys() < stage.received().keys()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)


async def test_who_blocked_the_bot_is_marked_and_left_out_of_the_next(stage):
    stage.posts.before[12] = [RecipientLostError("USER_IS_BLOCKED")]
    await stage.begin()
    await stage.run()
    assert stage.told[-1][1].blocked == 1
    assert (await stage.database.users.get(12)).blocked_bot
    stage.ended.clear()
    await stage.begin("b2")
    await stage.run()
    assert stage.told[-1][1].total == 29
    assert 12 not in stage.received()


@pytest.mark.parametrize(
    "trouble",
    [
        FloodWaitError(100),
        TelegramUnavailableError("away"),
        ChunkTimeoutError("late"),
        ReferenceExpiredError("old"),
    ],
)
async def test_passing_trouble_is_waited_out(stage, trouble):
    stage.posts.before[15] = [trouble, trouble]
    await stage.begin()
    await stage.run()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)
    if isinstance(trouble, FloodWaitError):
        assert sum(stage.slept) >= 200
        assert max(stage.slept) < module.TRUSTED, "the lease is kept meanwhile"
    if isinstance(trouble, ReferenceExpiredError):
        assert stage.posts.loads == 3


async def test_what_is_refused_counts_as_failed_and_stops_nobody_else(stage):
    stage.posts.before[15] = [RequestRejectedError("MEDIA_EMPTY")]
    await stage.begin()
    await stage.run()
    progress = stage.told[-1][1]
    assert (progress.sent, progress.failed) == (29, 1)


async def test_a_message_that_is_gone_fails_with_the_reason(stage):
    stage.posts.there.clear()
    await stage.begin()
    await stage.run()
    state, progress = stage.told[-1]
    assert state is JobState.FAILED
    assert "gone" in progress.reason


async def test_it_is_cancelled_in_the_middle(stage):
    await stage.begin()
    process = stage.process(rate=4.0)
    send = stage.posts.send_post

    async def cancelling(to, post, numbers):
        if to == 15:
            await stage.database.jobs.cancel("b1")
        return await send(to, post, numbers)

    stage.posts.send_post = cancelling
    await stage.run(process)
    assert stage.told[-1][0] is JobState.CANCELLED
    assert 0 < len(stage.received()) < 30
    assert (await stage.job()).state is JobState.CANCELLED


async def test_two_processes_do_not_work_on_one(stage):
    await stage.begin()
    lease = await stage.database.leases.acquire("job b1", "there", 1000)
    assert lease
    task = asyncio.ensure_future(stage.process("here").run())
    for _ in range(50):
        await asyncio.sleep(0)
    await stage.database.ping()
    assert stage.received() == {}
    await stage.database.leases.release(lease)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await stage.run()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)


async def test_who_was_frozen_past_the_lease_sends_nothing_more(stage):
    await stage.begin()
    send = stage.posts.send_post

    async def frozen(to, post, numbers):
        done = await send(to, post, numbers)
        if to == 17:
            stage.clock.advance(module.LEASE + 1)
            assert await stage.database.leases.acquire("job b1", "there", 1000)
        return done

    stage.posts.send_post = frozen
    with pytest.raises(StorageError, match="somebody else"):
        await stage.run()
    assert max(stage.received()) == 17


async def test_with_the_database_away_nothing_is_sent_on(stage):
    await stage.begin()
    audience = stage.database.users.audience

    async def failing(after, limit):
        if after:
            raise StorageError("away")
        return await audience(after, limit)

    stage.database.users.audience = failing
    with pytest.raises(StorageError):
        await stage.run()
    assert len(stage.received()) == module.GROUP
    stage.database.users.audience = audience
    await stage.run()
    assert stage.received() == dict.fromkeys(PEOPLE, 1)


async def test_the_pace_is_kept(stage):
    began = stage.clock.monotonic()
    await stage.begin()
    await stage.run(stage.process(rate=10.0))
    # A second's worth at once, the rest one after the other.
    assert stage.clock.monotonic() - began == pytest.approx(2.0, abs=0.3)


async def test_when_everybody_refuses_it_is_given_up(stage):
    people = range(100, 200)
    events = [PersonSeen(Person(each, "x"), 0) for each in people]
    await stage.database.ledger.apply("test", 2, tally(events))
    for each in (*PEOPLE, *people):
        stage.posts.before[each] = [RequestRejectedError("MEDIA_INVALID")]
    await stage.begin()
    await stage.run()
    state, progress = stage.told[-1]
    assert state is JobState.FAILED
    assert progress.failed < 70
