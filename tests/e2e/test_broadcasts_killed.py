"""A broadcast whose process dies, at whatever moment: everybody gets it once, and it goes on.

Nobody's death is timed: it comes when Telegram has counted so many sends. How far the last
checkpoint was is read from the database that the dead process left.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from telpher.clock import SystemClock
from telpher.core.broadcast import KIND, Progress
from telpher.core.model import Person as Known
from telpher.core.records import Job, JobState
from telpher.core.tally import PersonSeen, tally
from telpher.storage.sqlite import SqliteDatabase
from tests.e2e.house import PATIENCE, TOKEN, telegram
from tests.e2e.process import Telpher, environment, started
from tgfake.cluster import Cluster
from tgfake.world import World
from tgfake.world.person import Person, Seen

BOT = "telpher_bot"
PEOPLE = 80
TEXT = "To everybody"
SENDING = "messages.sendMessage"


@dataclass
class Town:
    """Very many people whom the bot knows, of whom one is its admin."""

    world: World
    ada: Person
    people: list[Person]
    folder: Path
    cluster: Cluster
    servers: Path

    @property
    def database(self) -> Path:
        return self.folder / "shared.sqlite3"

    @contextlib.asynccontextmanager
    async def telpher(self, name: str = "work") -> AsyncIterator[Telpher]:
        """A process with a WORK_DIR of its own, at work."""
        work = self.folder / name
        work.mkdir(exist_ok=True)
        if not (work / "telpher.sqlite3").exists():
            (work / "telpher.sqlite3").symlink_to(self.database)
        settings = {"ADMINS": str(self.ada.user_id), "BROADCAST_PER_SECOND": "30"}
        env = environment(self.servers, work, **settings)
        async with started(env, self.folder) as process:
            await process.logged("connected to Telegram")
            yield process

    async def begin(self) -> None:
        """Presses Send."""
        await self.ada.press(await self.offered(), "📣 Send to all")

    async def offered(self) -> Seen:
        """The question before it begins."""
        await self.ada.send(BOT, "/broadcast")
        async with asyncio.timeout(PATIENCE):
            await self.ada.wait_for(lambda seen: "everybody shall get" in seen.text, BOT)
            await self.ada.send(BOT, TEXT)
            question = await self.ada.wait_for(lambda seen: "Send it?" in seen.text, BOT)
        assert f"{PEOPLE} people" in question.text
        return question

    async def report(self) -> Seen:
        """What the admin is told at the end."""
        async with asyncio.timeout(PATIENCE):
            return await self.ada.wait_for(
                lambda seen: "Broadcast finished" in seen.text and seen.edited is None, BOT
            )

    @property
    def reached(self) -> int:
        """How many people have it."""
        messages = self.cluster.counters.messages
        return sum(messages[each.user_id] > 0 for each in self.people)

    async def until_reached(self, number: int) -> None:
        """Waits until so many people have it."""
        await self.cluster.counters.wait(lambda _: self.reached >= number, PATIENCE)

    def calls(self) -> int:
        """How often Telegram was asked to send a text."""
        return self.cluster.counters.calls[SENDING]

    def everybody_has_it_once(self) -> None:
        got = Counter(self._copies(each) for each in self.people)
        assert got == {1: len(self.people)}

    async def job(self) -> Job:
        """The broadcast in the database."""
        async with SqliteDatabase(self.database, SystemClock()) as database:
            (job,) = await database.jobs.recent(KIND, 10)
            return job

    async def left(self) -> int:
        """How many were not dealt with at the last checkpoint."""
        after = Progress.load((await self.job()).progress).after
        return sum(each.user_id > after for each in self.people)

    def _copies(self, who: Person) -> int:
        return sum(1 for seen in who.history(BOT) if not seen.out and seen.text == TEXT)


@pytest.fixture
async def town(tmp_path) -> AsyncIterator[Town]:
    world = World()
    bot = world.add_bot(TOKEN, BOT)
    ada = world.person("Ada")
    people = [world.person(f"Person {number}") for number in range(PEOPLE - 1)]
    known = [ada, *people]
    for each in known:
        bot.contacts.add(each.user_id)
    async with SqliteDatabase(tmp_path / "shared.sqlite3", SystemClock()) as database:
        seen = [PersonSeen(Known(each.user_id, each.account.first_name), 1.0) for each in known]
        await database.ledger.apply("test", 1, tally(seen))
    async with telegram(world, tmp_path) as (cluster, servers):
        yield Town(world, ada, people, tmp_path, cluster, servers)


async def test_killed_before_amid_and_after_sends(town):
    async with town.telpher() as first:
        question = await town.offered()
        before = town.calls()
        with town.world.sent.hold():
            await town.ada.press(question, "📣 Send to all")
            await town.cluster.counters.wait(lambda _: town.calls() > before, PATIENCE)
            first.signal(signal.SIGKILL)
            await first.exit_status()
            assert town.reached == 0
    early, late = random.Random().randrange(3, 30), PEOPLE - 25
    for moment in (early, late):
        left = await town.left()
        async with town.telpher() as next_one:
            before = town.calls()
            await town.until_reached(moment)
            next_one.signal(signal.SIGKILL)
            await next_one.exit_status()
        assert town.calls() - before <= left
    left = await town.left()
    assert left < len(town.people), "a checkpoint was made"
    before = town.calls()
    async with town.telpher():
        report = await town.report()
    assert f"Sent: {PEOPLE}" in report.text
    assert f"Total: {PEOPLE}" in report.text
    town.everybody_has_it_once()
    # It went on where the checkpoint was. The report is one more, and what the admin wrote just
    # before may be answered again, which Telegram shows nobody.
    assert left + 1 <= town.calls() - before <= left + 5
    previews = [seen for seen in town.ada.history(BOT) if not seen.out and seen.text == TEXT]
    assert len(previews) == 2, "the preview, and the message"
    assert (await town.job()).state is JobState.DONE


async def test_two_processes_share_one_broadcast_and_the_second_goes_on_with_it(town):
    async with town.telpher("old") as old, town.telpher("new"):
        before = town.calls()
        await town.begin()
        await town.until_reached(20)
        old.signal(signal.SIGTERM)
        assert await old.exit_status() == 0
        report = await town.report()
    assert f"Sent: {PEOPLE}" in report.text
    town.everybody_has_it_once()
    # Question, preview, confirmation and report; and a group or two that was under way.
    assert town.calls() - before <= PEOPLE + 4 + 60
