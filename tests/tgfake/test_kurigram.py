"""Proof of realism, second client: kurigram as it is, but for addresses and public keys.

It has two sessions per data centre with one authorisation key, one of them for media. Where a data
centre has a media_only address it goes there, as the rules demand; so this cluster has them.
"""

import asyncio
import contextlib
import hashlib
import sys

import pytest

from tests.tgfake import tgcrypto_stand_in
from tgfake.cluster import Cluster, Layout
from tgfake.keys import DC_KEYS
from tgfake.world import World
from tgfake.world.files import FileSpec

sys.modules.setdefault("tgcrypto", tgcrypto_stand_in)  # kurigram looks for it when imported

from pyrogram import Client  # noqa: E402
from pyrogram.connection import Connection  # noqa: E402
from pyrogram.crypto import rsa  # noqa: E402
from pyrogram.handlers import CallbackQueryHandler, MessageHandler  # noqa: E402
from pyrogram.types import InlineKeyboardButton, InlineKeyboardMarkup  # noqa: E402

TOKEN = "5000000002:kurigram"
SIZE = 30 * 1024 * 1024
SECONDS = 60
BUILT_IN = ("149.154.167.51", 443)
"""Where kurigram begins; from then on it takes the addresses of help.getConfig."""


@pytest.fixture(autouse=True)
def public_keys():
    kept = dict(rsa.server_public_keys)
    for key in DC_KEYS.values():
        rsa.server_public_keys[key.fingerprint] = rsa.PublicKey(key.n, 65537)
    yield
    rsa.server_public_keys.clear()
    rsa.server_public_keys.update(kept)


@pytest.fixture
async def world():
    world = World()
    world.add_bot(TOKEN, "kurigram_bot")
    world.add_user("Ann")
    return world


@contextlib.asynccontextmanager
async def started(cluster: Cluster, *handlers):
    home = cluster.address(cluster.home_dc)

    class ToTheCluster(Connection):
        def __init__(self, *, server_address: str, port: int, **rest):
            if (server_address, port) == BUILT_IN:
                server_address, port = home.host, home.port
            super().__init__(server_address=server_address, port=port, **rest)

    client = Client(
        "bot",
        api_id=1,
        api_hash="hash",
        bot_token=TOKEN,
        in_memory=True,
        connection_factory=ToTheCluster,
    )
    for handler in handlers:
        client.add_handler(handler)
    async with asyncio.timeout(SECONDS), client:
        try:
            yield client
        finally:
            # Client.stop() forgets its sessions with foreign data centres.
            for session in client.sessions.values():
                await session.stop()


async def test_a_bot_at_work(world: World):
    ann, bot = world.person("Ann"), world.account_for_token(TOKEN)

    async def greet(_, message):
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Help", callback_data="help")]])
        await message.reply_text("Choose", reply_markup=keyboard)

    async def help_out(_, query):
        await query.answer("Here you are")
        await query.message.edit_text("Helped")

    handlers = MessageHandler(greet), CallbackQueryHandler(help_out)
    async with (
        Cluster(world, layout=Layout(media_dcs=range(1, 6))) as cluster,
        started(cluster, *handlers) as client,
    ):
        assert client.me.id == bot.user_id
        sent = await ann.send(bot, "/start")
        menu = await ann.reply_to(sent)
        answer = await ann.press(menu, "Help")
        await ann.wait_for(lambda seen: seen.text == "Helped")
        assert (menu.text, answer.text) == ("Choose", "Here you are")
        assert ann.refresh(menu).text == "Helped"
        assert cluster.counters.logins == 1
        assert cluster.counters.crashes == 0


async def test_a_download_from_a_foreign_data_centre(world: World):
    ann, bot = world.person("Ann"), world.account_for_token(TOKEN)
    arrived = asyncio.get_running_loop().create_future()

    async def received(_, message):
        arrived.set_result(message)

    async with (
        Cluster(world, layout=Layout(media_dcs=range(1, 6))) as cluster,
        started(cluster, MessageHandler(received)) as client,
    ):
        sent = await ann.send_file(bot, FileSpec(name="film.mkv", size=SIZE, dc=4))
        digest = hashlib.sha256()
        async for part in client.stream_media(await arrived):
            digest.update(part)
        assert digest.digest() == hashlib.sha256(sent.file.source.read(0, SIZE)).digest()
        assert cluster.counters.bytes_served[sent.file.id] == SIZE
        assert {r.dc for r in cluster.counters.ranges} == {4}
