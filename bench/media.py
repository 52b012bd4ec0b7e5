"""What a gibibyte of file chunks costs on one media connection, the client library's and telpher's.

    python bench/media.py [MiB]

tgfake runs in a process of its own, without latency. In each row a fresh process logs in and
fetches chunks of 1 MiB, four at a time; what it spent between the first chunk and the last is the
figure: CPU seconds per GiB, all threads together, and MB/s of 10^6 bytes if that were all a core
had to do. The wall clock says little here, since tgfake is slower than what is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NoReturn

import uvloop
from telethon.network import MTProtoSender
from telethon.tl.functions.messages import GetMessagesRequest
from telethon.tl.functions.upload import GetFileRequest
from telethon.tl.types import InputMessageID

from telpher.clock import SystemClock
from telpher.config.servers import TelegramServers
from telpher.core.model import Location
from telpher.telegram.adapter.files import found_file, input_location
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.adapter.media import FileConnection
from telpher.telegram.adapter.network import Loggers, introduced, trust_keys
from telpher.telegram.adapter.wire import Wire
from telpher.telegram.mtproto.connection import connect
from telpher.telegram.mtproto.decryption import Decryptor
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.mtproto.kit import AuthKey, Kit, Traffic
from telpher.telegram.mtproto.session import ServerTime
from telpher.telegram.servers import servers_of
from telpher.telegram.timing import Timing
from tgfake.cluster import Cluster
from tgfake.world import World
from tgfake.world.files import FileSpec

TOKEN = "5000000001:bench"  # noqa: S105  opens nothing elsewhere
DC = 2
MIB = 1 << 20
AT_ONCE = 4
RUNS = 3
PATIENCE = 60.0

Fetch = Callable[[int], Awaitable[object]]


def without_pool() -> NoReturn:
    """What loading the extension comes to where it is not built."""
    raise ImportError("measured without it")


async def serve(folder: Path) -> None:
    """A Telegram in which Ann has sent the bot a file."""
    world = World()
    bot = world.add_bot(TOKEN, "bench_bot")
    async with Cluster(world) as cluster:
        await world.person("Ann").send_file(bot, world.add_file(FileSpec(size=4 << 30, dc=DC)))
        cluster.write_servers_file(folder / "servers.json")
        (folder / "ready").touch()
        await asyncio.Event().wait()


async def log_in(folder: Path) -> tuple[Wire, Location]:
    """The library's connection with a new key, and the file."""
    told = json.loads((folder / "servers.json").read_text())
    servers = servers_of(TelegramServers.model_validate(told))
    trust_keys(servers.public_keys)
    address = next(each for each in servers.dcs if each.id == DC and not each.media_only)
    loggers = Loggers()
    wire = Wire(MTProtoSender(None, loggers=loggers, retries=0, delay=0, auto_reconnect=False))
    await wire.connect(address, PATIENCE)
    await wire.call(introduced(1, Credentials(1, "hash", TOKEN).login(), updates=False), PATIENCE)
    answer = await wire.call(GetMessagesRequest([InputMessageID(1)]), PATIENCE)
    found = found_file(answer.messages[0], account=1)
    assert found is not None  # noqa: S101  Ann has sent it
    return wire, found.location


async def library(folder: Path) -> tuple[Fetch, Callable[[], Awaitable[None]]]:
    """Chunks over the client library's sender."""
    wire, location = await log_in(folder)

    async def fetch(offset: int) -> object:
        return await wire.call(GetFileRequest(input_location(location), offset, MIB), PATIENCE)

    return fetch, wire.close


async def own(
    folder: Path, threads: int | None, *, pooled: bool
) -> tuple[Fetch, Callable[[], Awaitable[None]]]:
    """Chunks over telpher's connection, with the key that the library made."""
    wire, location = await log_in(folder)
    key = AuthKey(bytes(wire.sender.auth_key.key))
    host, port = wire.sender._connection._ip, wire.sender._connection._port
    await wire.close()
    frames = Frames() if pooled else Frames(load=without_pool)
    decryptor = Decryptor(threads)
    kit = Kit(ServerTime(SystemClock()), frames, decryptor, Traffic(), 3.0)
    link = FileConnection(await connect(host, port, key, kit, PATIENCE), Timing())

    async def fetch(offset: int) -> object:
        return await link.get_chunk(location, offset, MIB, PATIENCE)

    return fetch, link.close


SYSTEMS: dict[str, Callable[[Path], Awaitable[tuple[Fetch, Callable[[], Awaitable[None]]]]]] = {
    "library": library,
    "telpher": lambda folder: own(folder, None, pooled=True),
    "telpher, no threads": lambda folder: own(folder, 0, pooled=True),
    "telpher, no pool": lambda folder: own(folder, None, pooled=False),
}


async def measure(name: str, folder: Path, chunks: int) -> tuple[float, float]:
    """CPU and wall-clock seconds for so many chunks."""
    fetch, close = await SYSTEMS[name](folder)
    offsets = iter(range(0, chunks * MIB, MIB))

    async def viewer() -> None:
        for offset in offsets:
            await fetch(offset)

    await fetch(0)
    begin, cpu = perf_counter(), process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(viewer())
    spent = process_time() - cpu, perf_counter() - begin
    await close()
    return spent


def row(name: str, loop: str, folder: Path, chunks: int) -> None:
    """One line of the table: the median of several processes."""
    command = [sys.executable, __file__, "--client", name, loop, str(folder), str(chunks)]
    runs = [
        json.loads(subprocess.check_output(command))  # noqa: S603  this file
        for _ in range(RUNS)
    ]
    cpu, wall = median(run[0] for run in runs), median(run[1] for run in runs)
    size = chunks * MIB
    per_gib = cpu * (1 << 30) / size
    sys.stdout.write(
        f"{name:22}{loop:10}{per_gib:8.2f}{size / cpu / 1e6:10.0f}{size / wall / 1e6:10.0f}\n"
    )
    sys.stdout.flush()


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        uvloop.run(serve(Path(sys.argv[2])))
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen([sys.executable, __file__, "--serve", name])  # noqa: S603
        try:
            while not (folder / "ready").exists():
                os.sched_yield()
            sys.stdout.write(f"{'':32}{'s/GiB':>8}{'MB/s':>10}{'wall':>10}\n")
            for system in SYSTEMS:
                for loop in ("asyncio", "uvloop"):
                    row(system, loop, folder, chunks)
        finally:
            server.terminate()
            server.wait()


def client(name: str, loop: str, folder: str, chunks: str) -> None:
    """One process of one row."""
    factory = uvloop.new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        spent = runner.run(measure(name, Path(folder), int(chunks)))
    sys.stdout.write(json.dumps(spent))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        client(*sys.argv[2:])
    else:
        main()
