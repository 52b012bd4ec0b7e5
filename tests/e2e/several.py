"""Several telphers, each a process of its own with a disk of its own, as on several machines: they
share a MongoDB, a Redis and a bot."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.house import LINK, PATIENCE, TOKEN, telegram
from tests.e2e.process import Telpher, environment, started
from tests.redis_server import redis
from tests.storage.mongod import Mongod
from tgfake.cluster import Cluster
from tgfake.world import File, FileSpec, World
from tgfake.world.person import Person, Seen

BOT = "telpher_bot"

# What answers to people, and broadcasts, are sent by.
SENDING = "messages.sendMessage"

ON_DUTY = "handling updates"
OFF_DUTY = "another instance handles the updates"


@dataclass
class Several:
    """What they share, and Ann, who is one of their admins and talks to their bot."""

    world: World
    ann: Person
    cluster: Cluster
    servers: Path
    folder: Path
    mongo: Mongod
    shared: dict[str, str]
    sent: list[Seen] = field(default_factory=list)

    def environment(self, name: str, **others: str) -> dict[str, str]:
        """What the one of that name is told; its WORK_DIR stays when it dies."""
        work = self.folder / name
        work.mkdir(exist_ok=True)
        return environment(self.servers, work, **{**self.shared, **others})

    @contextlib.asynccontextmanager
    async def telpher(self, name: str, **others: str) -> AsyncIterator[Telpher]:
        """One that is connected. The first of them is on duty."""
        async with started(self.environment(name, **others), self.folder) as process:
            await process.logged("connected to Telegram")
            yield process

    async def send(self, size: int = 1000) -> Seen:
        """Ann sends the bot a file, and does not wait."""
        file = self.world.add_file(FileSpec(size=size, dc=2))
        self.sent.append(await self.ann.send_file(BOT, file))
        return self.sent[-1]

    async def answer_to(self, sent: Seen) -> Seen:
        """The answer to a file."""
        async with asyncio.timeout(PATIENCE):
            return await self.ann.wait_for(
                lambda seen: not seen.out and seen.reply_to == sent.id, BOT
            )

    async def link(self, size: int = 1000) -> str:
        """The link to a new file."""
        return link_in(await self.answer_to(await self.send(size)))

    async def share_of(self, who: Person, file: File | int = 1000) -> str:
        """The path of the link to somebody's file, a new one of that size where none is given: the
        same at each of them."""
        if isinstance(file, int):
            file = self.world.add_file(FileSpec(size=file, dc=2))
        sent = await who.send_file(BOT, file)
        async with asyncio.timeout(PATIENCE):
            return path_of(link_in(await who.reply_to(sent)))

    async def told(self, text: str, wanted: str) -> None:
        """Ann, an admin, writes to the bot, and waits until it says so."""
        sent = await self.ann.send(BOT, text)
        async with asyncio.timeout(PATIENCE):
            await self.ann.wait_for(lambda seen: wanted in seen.text, BOT, after=sent)

    def everything_is_answered_once(self) -> None:
        """Each of the files that Ann has sent."""
        answers = Counter(seen.reply_to for seen in self.ann.history(BOT) if not seen.out)
        assert {sent.id: answers[sent.id] for sent in self.sent} == {
            sent.id: 1 for sent in self.sent
        }

    def calls(self, method: str = SENDING) -> int:
        """How often Telegram was asked to."""
        return self.cluster.counters.calls[method]

    async def called(self, number: int, method: str = SENDING) -> None:
        """Waits until it was asked so often."""
        await self.cluster.counters.wait(lambda _: self.calls(method) >= number, PATIENCE)


def link_in(answer: Seen) -> str:
    """The link in an answer."""
    return str(LINK.search(answer.text)[0])


def path_of(link: str) -> str:
    """Where a link leads, at whichever of them."""
    return f"/stream/{link.partition('/stream/')[2]}"


@contextlib.asynccontextmanager
async def several(folder: Path, people: int = 0) -> AsyncIterator[Several]:
    """What they live on; no telpher yet. The bot knows Ann, and as many people more."""
    world = World()
    bot = world.add_bot(TOKEN, BOT)
    ann = world.person("Ann")
    for each in (ann, *(world.person(f"Person {number}") for number in range(people))):
        bot.contacts.add(each.user_id)
    mongo = Mongod(log=folder / "mongod.log")
    async with telegram(world, folder) as (cluster, servers), redis(folder) as socket:
        mongo.start()
        try:
            shared = {
                "DATABASE_URL": f"{mongo.url}/telpher",
                "REDIS_URL": f"unix://{socket}",
                "ADMINS": str(ann.user_id),
            }
            yield Several(world, ann, cluster, servers, folder, mongo, shared)
        finally:
            mongo.stop()
