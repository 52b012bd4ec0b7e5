"""A cluster directed from another process, and both client libraries at work in front of it."""

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telethon import Button, TelegramClient, events

from tests.tgfake.raw_client import raw_client
from tests.tgfake.small_world import TOKEN, SmallWorld, file_request, small_services
from tests.tgfake.test_kurigram import TOKEN as BOT_TOKEN
from tests.tgfake.test_kurigram import public_keys, started
from tests.tgfake.test_telethon import connect
from tgfake.cluster import Cluster
from tgfake.content import Computed
from tgfake.control import ControlError, RemoteControl, controlled
from tgfake.counters import Counters, Served
from tgfake.site import Address
from tgfake.world import World

from pyrogram.handlers import (  # isort: skip  # after test_kurigram, which readies it
    CallbackQueryHandler,
    MessageHandler,
)
from pyrogram.types import InlineKeyboardButton, InlineKeyboardMarkup  # isort: skip

__all__ = ["connect", "public_keys"]

BOT = "a_bot"
SECONDS = 60
FILM_SIZE = 30 << 20


@contextlib.asynccontextmanager
async def directed(world: World | None = None) -> AsyncIterator[tuple[Cluster, RemoteControl]]:
    world = world or World()
    world.add_bot(BOT_TOKEN, BOT)
    async with (
        asyncio.timeout(SECONDS),
        Cluster(world) as cluster,
        controlled(cluster) as port,
        RemoteControl.connected(port) as control,
    ):
        yield cluster, control


async def test_a_person_writes_and_reads():
    async with directed() as (_, control):
        sent = await control("send", person="Ann", to=BOT, text="/start")
        film = {"kind": "video", "name": "film.mp4", "size": 5 << 20, "dc": 4}
        posted = await control("send", person="Ann", to=BOT, text="look", file=film)
        again = await control(
            "send", person="Ann", to=BOT, file=posted["file"]["id"], reply_to=sent["id"]
        )
        assert (sent["text"], sent["out"], sent["file"]) == ("/start", True, None)
        assert posted["file"] | {"id": 0} == {"id": 0, "size": 5 << 20, "name": "film.mp4", "dc": 4}
        assert (again["file"], again["reply_to"]) == (posted["file"], sent["id"])
        assert await control("history", person="Ann", chat=BOT) == [sent, posted, again]
        await control("delete", person="Ann", chat=BOT, message=sent["id"])
        assert await control("history", person="Ann", chat=BOT) == [posted, again]


async def test_a_person_blocks_joins_and_leaves():
    world = World()
    group = world.add_supergroup("Films", world.add_user("Bob"), username="films")
    async with directed(world) as (_, control):
        ann = world.person("Ann")
        await control("block", person="Ann", chat=BOT)
        assert ann.account.blocked
        await control("unblock", person="Ann", chat=BOT)
        assert not ann.account.blocked
        await control("join", person="Ann", chat="films")
        assert group.has(ann.user_id)
        await control("leave", person="Ann", chat=group.peer.marked)
        assert not group.has(ann.user_id)


async def test_a_person_sends_an_album_and_vanishes():
    async with directed() as (cluster, control):
        made = await control("file", size=1000, name="a.bin")
        files = [made["id"], {"size": 5, "kind": "video"}]
        album = await control("album", person="Ann", to=BOT, files=files, text="both")
        assert [each["file"]["size"] for each in album] == [1000, 5]
        assert [each["text"] for each in album] == ["both", ""]
        seen = cluster.world.person("Ann").history(BOT)
        assert seen[0].grouped_id == seen[1].grouped_id is not None
        await control("vanish", person="Ann")
        assert cluster.world.person("Ann").account.deactivated


async def test_waiting_for_what_does_not_come():
    async with directed() as (_, control):
        with pytest.raises(ControlError, match="TimeoutError"):
            await control("wait", person="Ann", chat=BOT, seconds=0)


async def test_files_expire_and_move():
    async with directed() as (cluster, control):
        made = await control("file", size=1000, name="a.bin")
        file = cluster.world.directory.files["document", made["id"]]
        await control("expire", document=file.id)
        await control("move", document=file.id, dc=5)
        assert (file.epoch, file.dc, file.size) == (1, 5, 1000)
        epoch = cluster.world.access.epoch
        await control("expire")
        assert cluster.world.access.epoch == epoch + 1


async def test_faults_and_limits_are_armed_seen_and_disarmed():
    world = SmallWorld()
    async with (
        asyncio.timeout(SECONDS),
        Cluster(world, services=small_services()) as cluster,
        controlled(cluster) as port,
        RemoteControl.connected(port) as control,
        raw_client(cluster, 2) as client,
    ):
        await client.log_in(TOKEN)
        await control("fault", kind="flood wait", method="upload.getFile", seconds=3)
        answer = await client.call(file_request(1))
        assert answer.error_message == "FLOOD_WAIT_3"
        assert await control("faults") == [{"kind": "flood wait", "seen": 1, "struck": 1}]
        await control("limit", rate=0.001)
        await client.call(file_request(1))
        assert (await client.call(file_request(1))).error_message.startswith("FLOOD_WAIT_")
        await control("calm")
        assert (await client.call(file_request(1))).bytes
        assert await control("faults") == []
        counted = await control("counters")
        assert counted["get_file_calls"] == 4
        assert counted["floods"] == 2
        assert counted["bytes_written"] > sum(counted["bytes_served"].values()) > 0
        await control("disconnect")
        await cluster.counters.wait(lambda c: c.connections_open == 0)


async def test_a_fault_for_one_bot():
    async with directed() as (cluster, control):
        await control("fault", kind="timeout", account=BOT, times=2)
        (fault,) = cluster.faults._faults
        assert (fault.account, fault.times) == (
            cluster.world.account_for_token(BOT_TOKEN).user_id,
            2,
        )


async def test_what_cannot_be_done_is_told_and_the_connection_goes_on():
    async with directed() as (_, control):
        for request, why in (
            ({"op": "fly"}, "KeyError: 'fly'"),
            ({"op": "move", "document": 1, "dc": 2}, "KeyError"),
            ({"op": "counters", "of": "all"}, "TypeError"),
            ({"op": "fault", "kind": "rain"}, "ValueError: 'rain'"),
            (
                {"op": "send", "person": "Ann", "to": "nobody"},
                "RpcError: 400 USERNAME_NOT_OCCUPIED",
            ),
            (
                {"op": "press", "person": "Ann", "chat": BOT, "message": 7, "button": "x"},
                "no message 7",
            ),
            ({"op": "fault", "kind": "timeout", "account": "nobody"}, "no user or bot"),
        ):
            with pytest.raises(ControlError, match=why):
                await control(**request)
        servers = await control("servers")
        assert len(servers["dcs"]) == 5


async def test_whoever_speaks_something_else_is_sent_away():
    async with directed() as (cluster, control), controlled(cluster) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\n\r\n" + b'{"op": "expire"}\n')
        assert await reader.read() == b""
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        assert cluster.world.access.epoch == 0
        await control("counters")


async def test_leaving_ends_what_still_waits():
    async with Cluster(World()) as cluster:
        cluster.world.add_bot(BOT_TOKEN, BOT)
        async with controlled(cluster) as port, asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(json.dumps({"op": "wait", "person": "Ann", "chat": BOT}).encode() + b"\n")
            while not cluster.world.changed.waiting:  # noqa: ASYNC110  it has no event for that
                await asyncio.sleep(0)
        assert await reader.read() == b""
        assert not cluster.world.changed.waiting
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def test_counters_begin_anew_but_what_is_open_stays():
    counters = Counters()
    counters.connected(2)
    counters.took_off(1, connection=1)
    counters.took_off(2, connection=1)
    counters.landed()
    counters.file_served(Served(7, 0, 100, 2, 1))
    counters.calls["help.getConfig"] += 1
    counters.drops = 3
    counters.reset()
    told = counters.snapshot()
    assert json.loads(json.dumps(told)) == told
    assert (told["connections_open"], told["open_by_dc"], told["in_flight"]) == (1, {"2": 1}, 1)
    assert (told["most_in_flight"], told["ranges"], told["drops"]) == (1, 0, 0)
    assert told["calls"] == told["bytes_served"] == {}


# -- whole programs on both sides --------------------------------------------------------------


@contextlib.asynccontextmanager
async def tgfake_process(tmp_path: Path, *options: str) -> AsyncIterator[RemoteControl]:
    """`python -m tgfake` with one bot, directed from here."""
    world = tmp_path / "world.json"
    world.write_text(json.dumps({"bots": [{"token": BOT_TOKEN, "username": BOT}]}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tgfake", "--world", str(world), "--control-port", "0", *options),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said = ""
            while not said.startswith("control "):
                said = (await process.stdout.readline()).decode()
                assert said, "it ended"
            async with RemoteControl.connected(int(said.rpartition(":")[2])) as control:
                yield control
    finally:
        process.terminate()
        await process.communicate()


async def talk(control: RemoteControl) -> None:
    """What Ann does with a bot that answers a file with its digest and a button "Help"."""
    film = {"kind": "video", "name": "film.mp4", "size": FILM_SIZE, "dc": 4}
    sent = await control("send", person="Ann", to=BOT, text="look", file=film)
    menu = await control("wait", person="Ann", chat=BOT, after=sent["id"], seconds=SECONDS)
    film_bytes = Computed(sent["file"]["id"], FILM_SIZE).read(0, FILM_SIZE)
    assert menu["text"] == hashlib.sha256(film_bytes).hexdigest()
    assert menu["buttons"][0][0]["data"] == "help"
    answer = await control("press", person="Ann", chat=BOT, message=menu["id"], button="Help")
    assert answer["text"] == "Here you are"
    edited = await control("wait", person="Ann", chat=BOT, contains="Helped", seconds=SECONDS)
    assert edited["id"] == menu["id"]


@pytest.mark.slow
async def test_telethon_in_another_process_than_the_cluster(connect, tmp_path: Path):
    async with tgfake_process(tmp_path, "--uvloop") as control:
        client: TelegramClient
        async with connect(await control("servers")) as client:

            @client.on(events.NewMessage(incoming=True))
            async def received(event):
                digest = hashlib.sha256(await event.message.download_media(bytes)).hexdigest()
                await event.reply(digest, buttons=[Button.inline("Help", b"help")])

            @client.on(events.CallbackQuery(data=b"help"))
            async def helped(event):
                await event.answer("Here you are")
                await event.edit("Helped")

            await client.start(bot_token=BOT_TOKEN)
            await talk(control)


@pytest.mark.slow
async def test_kurigram_in_another_process_than_the_cluster(tmp_path: Path):
    async def received(client, message):
        digest = hashlib.sha256()
        async for part in client.stream_media(message):
            digest.update(part)
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Help", callback_data="help")]])
        await message.reply_text(digest.hexdigest(), reply_markup=keyboard)

    async def helped(_, query):
        await query.answer("Here you are")
        await query.message.edit_text("Helped")

    media = [word for dc in range(1, 6) for word in ("--media-dc", str(dc))]
    async with tgfake_process(tmp_path, *media) as control:
        far = Far(await control("servers"))
        async with started(far, MessageHandler(received), CallbackQueryHandler(helped)):
            await talk(control)


class Far:
    """A cluster that is known only by its list of servers."""

    def __init__(self, servers: dict) -> None:
        self.home_dc = servers["home_dc"]
        self._dcs = servers["dcs"]

    def address(self, dc: int) -> Address:
        found = next(each for each in self._dcs if (each["id"], each["media_only"]) == (dc, False))
        return Address(dc, found["host"], found["port"], media_only=False)
