"""A telpher with two bots: people talk to the main one, the extra one carries bytes besides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tests.e2e.house import PATIENCE, QUICK, TOKEN, House, Time, bytes_of, house
from tgfake.faults import Fault, Kind
from tgfake.network import Shape
from tgfake.world import Account, File, World
from tgfake.world.chats import Chat, Role

MIB = 1 << 20
EXTRA = "4343:AAF-another_token_of_no_secrecy_at_all0"


@dataclass
class Pair:
    """Two bots in one channel, and a file of which the channel has a copy."""

    home: House
    main: Account
    extra: Account
    channel: Chat
    file: File
    url: str

    async def get_all(self) -> None:
        """Reads the file twice; more than memory holds, so that Telegram is asked each time."""
        for _ in range(2):
            assert await self.home.get(self.url) == bytes_of(self.file)


# So far that windows fill: next door one bot alone has every chunk before the other is asked.
FAR = Shape(latency=0.03)


@contextlib.asynccontextmanager
async def two_bots(work_dir: Path, *, at_work: bool = True) -> AsyncIterator[Pair]:
    """The pair, both at work already, or neither, without any connection to the file's DC."""
    world = World()
    main, extra = world.add_bot(TOKEN, "telpher_bot"), world.add_bot(EXTRA, "carrier_bot")
    channel = world.add_channel("Bin", world.add_user("Owner"))
    for bot in (main, extra):
        world.add_member(channel, bot, Role.ADMIN)
        world.set_rights(channel, bot, "post_messages")
    settings = {
        "bin_channel": channel.peer.marked,
        "extra_bot_tokens": (SecretStr(EXTRA),),
        "chunk_cache_mb": 8,
    }
    async with house(work_dir, world=world, time=Time(timing=QUICK), shape=FAR, **settings) as home:
        file = home.add_file(kind="video", size=12 * MIB + 11, dc=4)
        url = await home.share(file)
        copied = home.cluster.counters.wait(lambda c: c.messages[channel.peer.marked] > 0, PATIENCE)
        await copied
        pair = Pair(home, main, extra, channel, file, url)
        if at_work:
            await _to_work(pair)
        yield pair


def calls_of(home: House, bot: Account) -> Fault:
    """Counts the getFile calls of a bot from now on, as `seen`, and does nothing to them."""
    return home.cluster.faults.add(
        Fault(Kind.LATE, account=bot.user_id, method="upload.getFile", times=0)
    )


async def _to_work(pair: Pair) -> None:
    """The first viewers do not wait for the extra bot: it looks for the copy beside them."""
    calls = [calls_of(pair.home, bot) for bot in (pair.main, pair.extra)]
    async with asyncio.timeout(PATIENCE):
        while not all(each.seen for each in calls):
            assert await pair.home.get(pair.url) == bytes_of(pair.file)
    pair.home.cluster.faults.clear()
