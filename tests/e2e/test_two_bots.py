"""An extra bot carries bytes out of BIN_CHANNEL, and takes over where the main one may not."""

from __future__ import annotations

import contextlib
import itertools

from pydantic import SecretStr

from tests.e2e.house import PATIENCE, TOKEN, bytes_of, house
from tgfake.faults import Fault, Kind
from tgfake.world import World
from tgfake.world.chats import Role

MIB = 1 << 20
EXTRA = "4343:AAF-another_token_of_no_secrecy_at_all0"


@contextlib.asynccontextmanager
async def two_bots(work_dir):
    """A telpher with two bots in one channel, and a file of which the channel has a copy."""
    world = World()
    main, extra = world.add_bot(TOKEN, "telpher_bot"), world.add_bot(EXTRA, "carrier_bot")
    owner = world.add_user("Owner")
    channel = world.add_channel("Bin", owner)
    for bot in (main, extra):
        world.add_member(channel, bot, Role.ADMIN)
        world.set_rights(channel, bot, "post_messages")
    settings = {
        "bin_channel": channel.peer.marked,
        "extra_bot_tokens": (SecretStr(EXTRA),),
        "chunk_cache_mb": 8,
    }
    async with house(work_dir, world=world, **settings) as home:
        file = home.add_file(kind="video", size=24 * MIB + 11, dc=4)
        url = await home.share(file)
        counters = home.cluster.counters
        await counters.wait(lambda c: c.messages[channel.peer.marked] > 0, PATIENCE)
        # The first viewers do not wait for the extra bot: it looks for the copy beside them.
        for n in itertools.cycle(range(24)):
            await home.get(url, n * MIB, n * MIB + 1)
            if counters.calls["channels.getMessages"]:
                break
        assert await home.get(url) == bytes_of(file)
        yield home, file, url, main, extra


async def test_a_flood_wait_of_one_bot_is_no_stall(tmp_path):
    async with two_bots(tmp_path) as (home, file, url, main, _):
        flood = Fault(
            Kind.FLOOD_WAIT,
            account=main.user_id,
            method="upload.getFile",
            nth=3,
            times=None,
            seconds=3600,
        )
        home.cluster.faults.add(flood)
        for _ in range(2):
            assert await home.get(url) == bytes_of(file)
        assert flood.struck > 0


async def test_the_main_bot_carries_on_when_the_extra_one_is_thrown_out(tmp_path):
    async with two_bots(tmp_path) as (home, file, url, _, extra):
        refusal = Fault(
            Kind.ERROR,
            account=extra.user_id,
            method="upload.getFile",
            times=None,
            code=400,
            message="CHANNEL_PRIVATE",
        )
        home.cluster.faults.add(refusal)
        for _ in range(2):
            assert await home.get(url) == bytes_of(file)


async def test_the_link_lives_when_the_message_is_deleted(tmp_path):
    async with two_bots(tmp_path) as (home, file, url, _, _):
        home.world.delete(*(seen.message for seen in home.ann.history(home.bot) if seen.file))
        home.world.expire_references(file)
        assert await home.get(url) == bytes_of(file)


async def test_a_destroyed_key_of_one_bot_does_not_stop_the_other(tmp_path):
    async with two_bots(tmp_path) as (home, file, url, main, _):
        home.cluster.faults.add(Fault(Kind.DUPLICATED, account=main.user_id, nth=2))
        for _ in range(2):
            assert await home.get(url) == bytes_of(file)
