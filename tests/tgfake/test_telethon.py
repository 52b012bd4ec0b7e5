"""Proof of realism, first client: Telethon as it is, but for addresses and public keys."""

import asyncio
import contextlib
import hashlib
import json
import sys
from pathlib import Path

import pytest
from telethon import Button, TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import StringSession

from tgfake.cluster import Cluster
from tgfake.content import Computed
from tgfake.world import World
from tgfake.world.files import FileSpec

TOKEN = "5000000001:telethon"
SIZE = 30 * 1024 * 1024
SECONDS = 60


@pytest.fixture
def connect():
    """Makes clients for a server list; forgets keys and addresses afterwards."""
    keys = dict(rsa._server_keys)
    TelegramClient._config = None

    @contextlib.asynccontextmanager
    async def connect(servers: dict):
        for pem in servers["public_keys"]:
            rsa.add_key(pem, old=False)
        session = StringSession()
        home = next(dc for dc in servers["dcs"] if dc["id"] == servers["home_dc"])
        session.set_dc(home["id"], home["host"], home["port"])
        client = TelegramClient(session, 1, "hash", receive_updates=True)
        try:
            async with asyncio.timeout(SECONDS):
                yield client
        finally:
            await client.disconnect()
            # Telethon leaves the tasks of exported senders to end on their own.
            await asyncio.sleep(0)

    yield connect
    rsa._server_keys.clear()
    rsa._server_keys.update(keys)
    TelegramClient._config = None


@pytest.fixture
async def world():
    world = World()
    world.add_bot(TOKEN, "telethon_bot")
    world.add_user("Ann")
    return world


async def test_a_bot_at_work(world: World, connect):
    ann, bot = world.person("Ann"), world.account_for_token(TOKEN)
    async with Cluster(world) as cluster, connect(cluster.server_list()) as client:
        await client.start(bot_token=TOKEN)
        assert (await client.get_me()).id == bot.user_id

        @client.on(events.NewMessage(pattern="/start"))
        async def started(event):
            await event.reply("Choose", buttons=[Button.inline("Help", b"help")])

        @client.on(events.CallbackQuery(data=b"help"))
        async def helped(event):
            await event.answer("Here you are")  # first: edit() answers by itself
            await event.edit("Helped")

        sent = await ann.send(bot, "/start")
        menu = await ann.reply_to(sent)
        assert menu.text == "Choose"
        answer = await ann.press(menu, "Help")
        assert answer.text == "Here you are"
        await ann.wait_for(lambda seen: seen.text == "Helped")
        assert ann.refresh(menu).text == "Helped"
        assert cluster.counters.logins == 1
        assert cluster.counters.crashes == 0


async def test_a_download_from_a_foreign_data_centre(world: World, connect):
    ann, bot = world.person("Ann"), world.account_for_token(TOKEN)
    async with Cluster(world) as cluster, connect(cluster.server_list()) as client:
        await client.start(bot_token=TOKEN)
        arrived = asyncio.get_running_loop().create_future()

        @client.on(events.NewMessage)
        async def received(event):
            arrived.set_result(event.message)

        sent = await ann.send_file(bot, FileSpec(name="film.mkv", size=SIZE, dc=4))
        message = await arrived
        data = await client.download_media(message, file=bytes)
        assert sha256(data) == sha256(sent.file.source.read(0, SIZE))
        assert cluster.counters.imports == 1
        assert cluster.counters.bytes_served[sent.file.id] == SIZE
        assert {r.dc for r in cluster.counters.ranges} == {4}


async def test_a_cluster_in_a_process_of_its_own(connect, tmp_path: Path):
    world, servers, ready = (tmp_path / name for name in ("world.json", "servers.json", "ready"))
    world.write_text(json.dumps(script()))
    command = ["-m", "tgfake", "--world", world, "--servers-file", servers, "--ready-file", ready]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, command), stdout=asyncio.subprocess.PIPE
    )
    try:
        lines = [(await process.stdout.readline()).decode() for _ in range(5)]
        assert lines[1].split() == ["DC", "2", lines[1].split()[2], "home"]
        assert ready.exists()
        async with connect(json.loads(servers.read_text())) as client:
            await client.start(bot_token=TOKEN)
            message = await client.get_messages(PRIVATE, ids=1)
            document = message.document
            data = await client.download_media(message, file=bytes)
        assert sha256(data) == sha256(Computed(document.id, SIZE).read(0, SIZE))
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0


PRIVATE = 6_000_000_001


def script() -> dict:
    """A world with one file on a foreign data centre."""
    file = {"kind": "video", "name": "film.mp4", "size": SIZE, "duration": 60, "dc": 5}
    return {
        "bots": [{"token": TOKEN, "username": "telethon_bot"}],
        "users": [{"first_name": "Ann", "user_id": PRIVATE}],
        "messages": [{"from": "Ann", "to": "telethon_bot", "file": file}],
    }


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
