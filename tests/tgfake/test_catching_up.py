"""A Telethon bot with chats of every kind: updates without needless differences, none lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from tgfake.cluster import Cluster
from tgfake.world import Role, World

TOKEN = "5000000003:catching-up"
SECONDS = 60


@pytest.fixture
def session(public_keys: None) -> MemorySession:
    """One session, kept between the client's lives."""
    return MemorySession()


@pytest.fixture
def public_keys():
    kept = dict(rsa._server_keys)
    TelegramClient._config = None
    yield
    rsa._server_keys.clear()
    rsa._server_keys.update(kept)
    TelegramClient._config = None


@contextlib.asynccontextmanager
async def running(
    cluster: Cluster, session: MemorySession
) -> AsyncIterator["asyncio.Queue[tuple[int, str]]"]:
    """A bot while it runs; what it hears goes into the queue as (chat id, text)."""
    for pem in cluster.public_keys:
        rsa.add_key(pem, old=False)
    home = cluster.address(cluster.home_dc)
    session.set_dc(home.dc, home.host, home.port)
    client = TelegramClient(session, 1, "hash", catch_up=True)
    heard: asyncio.Queue[tuple[int, str]] = asyncio.Queue()

    @client.on(events.NewMessage)
    async def received(event) -> None:
        heard.put_nowait((event.chat_id, event.raw_text))

    async with asyncio.timeout(SECONDS):
        await client.start(bot_token=TOKEN)
        try:
            yield heard
        finally:
            await client.disconnect()


async def test_a_bot_hears_everything_once(session: MemorySession) -> None:
    world = World()
    bot, ann = world.add_bot(TOKEN, "catching_up_bot"), world.person("Ann")
    channel = world.add_channel("C", ann.account)
    forum = world.add_supergroup("F", ann.account, forum=True)
    group = world.add_group("G", ann.account)
    places = [bot, channel, forum, group]
    ids = [ann.user_id, *(chat.peer.marked for chat in (channel, forum, group))]

    async def talk(text: str) -> set[tuple[int, str]]:
        await ann.send(forum, "hidden by privacy mode")
        for place in places:
            await ann.send(place, text)
        return {(chat_id, text) for chat_id in ids}

    async with Cluster(world) as cluster:
        async with running(cluster, session) as heard:
            for chat in (channel, forum, group):
                world.add_member(chat, bot, Role.MEMBER)
            expected = await talk("/one") | await talk("/two")
            assert {await heard.get() for _ in expected} == expected
            assert cluster.counters.calls["updates.getChannelDifference"] == 0
        await cluster.counters.wait(lambda counters: counters.connections_open == 0)
        expected = await talk("/while you were away")
        async with running(cluster, session) as heard:
            assert {await heard.get() for _ in expected} == expected
            expected = await talk("/back")
            assert {await heard.get() for _ in expected} == expected
            assert heard.empty()
            assert cluster.counters.calls["updates.getChannelDifference"] == 2
            assert cluster.counters.crashes == 0
